/** advise. */
import type { Command } from 'commander'
import type { CurveAdvice, LearningCurves } from '@shared/contract/curves'
import { withProject, type CliContext } from './context'
import { defineCommand, integer, number } from './define-command'
import { followJob } from './follow-job'
import { duration, plural, score, table } from './text'

interface AdviseOptions {
  more: number
  weights?: string
  model?: string
  size?: number
  minutes?: number
  seed?: number
  last?: boolean
}

export const adviseCommand = (cli: CliContext): Command[] => [
  defineCommand('advise <project> [options]', 'Tell what more labels would bring, class by class.', [
    'advise harbour',
    'advise harbour --more 200 --weights yolox-nano',
    'advise plants --model mobilenet.onnx',
    'advise harbour --last --more 100      (from what was measured before, at once)',
  ])
    .argument('<project>', 'project folder')
    .option('--more <n>', 'objects of each class, and images for all together', integer(1, 1_000_000), 50)
    .option('--weights <what>', 'what the short runs begin from: an ONNX file or kept weights (default yolox-nano)')
    .option(
      '--model <id>',
      "of the catalog, where the weights' name does not tell it; or an ONNX file: short runs of a new head on that network",
    )
    .option(
      '--size <px>',
      'side of the square input, a multiple of 32 (default 320; classes: by the images)',
      integer(64),
    )
    .option('--minutes <n>', 'time after which no more draws begin (default 3)', number(0.1, 120))
    .option('--seed <n>', 'seed of everything random (default 0)', integer(0))
    .option('--last', 'measure nothing: use the curves that were measured last')
    .action(async (folder: string, options: AdviseOptions, command: Command) => {
      const { more, last, ...how } = options
      const { json: _, ...input } = how as typeof how & { json?: boolean }
      const { curves, advice } = await withProject(cli, folder, async (api) => {
        if (!last) await followJob<LearningCurves>(cli, api, () => api.curves.measure(input))
        const advice = await api.curves.advise({ more })
        return { advice, curves: (await api.curves.latest()).curves! }
      })
      cli.answer(command, { ...advice, curves }, () => [
        `${plural(curves.images.used, 'image')} in nested parts, ${plural(curves.draws, 'draw')} of each, ${curves.steps} steps on a frozen ${curves.model} from ${curves.weights}, measured on ${plural(curves.images.val, 'image')}: ${duration(curves.seconds)}.`,
        ...(advice.stale ? ['Labels have changed since; run it without --last to measure anew.'] : []),
        '',
        ...table(
          ['class', 'objects', advice.score, `gain of ${more}`, 'from', 'to', 'images'],
          [advice.overall, ...advice.classes].map(rowOf),
        ),
        '',
        ...[advice.overall, ...advice.classes].map(({ text }) => text),
        '',
        ...checkLines(curves),
        'The range holds 80 % of the possibilities: other evaluation images, other draws, other curves through the points.',
        advice.next === null
          ? 'No class is sure to gain much from more labels of this kind: other images, a larger model or a longer run may bring more.'
          : `Label next: ${advice.next}.`,
      ])
    }),
]

const rowOf = ({ label, objects, now, gain, images }: CurveAdvice) => [
  label ?? 'all (images)',
  objects,
  score(now),
  gain ? `+${score(gain.middle)}` : '-',
  score(gain?.low),
  score(gain?.high),
  label === null || images === null ? '' : `~${images}`,
]

/** How good such a prediction was where the truth is known. */
function checkLines({ overall, score: name }: LearningCurves): string[] {
  if (!overall.check) return []
  const { predicted, measured } = overall.check
  return [
    `Check: from the smaller parts, ${name} ${score(predicted.middle)} (${score(predicted.low)} to ${score(predicted.high)}) was predicted for the largest, and ${score(measured)} was measured.`,
  ]
}
