import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { lineChart } from '@shared/plots/line-chart'
import { svg } from '@shared/plots/svg'
import { readOption } from '../bench/context'
import { findOutside } from '../helpers/find-outside'
import { runCli } from '../helpers/run-cli'
import type { Campaign } from './campaign'

interface Point {
  /** Since the command was started: reading weights, computing features and evaluating count. */
  seconds: number
  epoch: number
  AP: number
  AP50: number
}
interface Part {
  points: Point[]
  /** Best score reached within the first minute; null: no epoch was evaluated by then. */
  atOneMinute: Point | null
  best: Point
  seconds: number
  test: { AP: number; AP50: number } | null
}

const parts = {
  full: {
    color: '#3b5bdb',
    title: 'all layers',
    epochs: 12,
    options: (weights: string) => ['--weights', weights],
  },
  frozen: {
    color: '#0ca678',
    title: 'backbone frozen',
    epochs: 24,
    options: (weights: string) => ['--weights', weights, '--set', 'freeze=[backbone.backbone]'],
  },
  scratch: { color: '#667085', title: 'from scratch', epochs: 30, options: () => [] },
}
type Kind = keyof typeof parts

/**
 * AP on val against wall time: from scratch, all layers from the COCO file, backbone frozen with kept features.
 * Options: --parts full,frozen,scratch; --epochs <n> for all parts; --size <px>; --limit <seconds> of one part
 * (default 480: then it is stopped as by Ctrl-C); --no-test leaves the test split alone.
 */
export const campaign: Campaign = {
  title: 'BCCD: AP on val against wall time, from scratch and from the COCO weights of YOLOX-nano',
  seed: 0,
  recipe: { model: 'yolox-nano', size: 320, data: 'BCCD train (205 images), val (87); test (72) once at the end', values: 'all others auto' }, // prettier-ignore
  async run({ root, args, seed, log, record }) {
    const data = findOutside('data', root)
    if (!('path' in data)) throw new TagwrightError('not-found', `BCCD is not here: ${data.reason}.`)
    const kinds = readOption(args, 'parts', 'full,frozen,scratch').split(',') as Kind[]
    const limit = Number(readOption(args, 'limit', '480'))
    const size = readOption(args, 'size', '320')
    const weights = join(data.path, 'onnx/yolox_nano.onnx')
    const folder = mkdtempSync(join(tmpdir(), 'tagwright-finetune-'))
    const project = join(folder, 'project')
    const cli = async (...words: string[]) => {
      const { code, stdout, stderr } = await runCli([...words, '--json'])
      if (code !== 0) throw new TagwrightError('failed', `tagwright ${words[0]} ended with ${code}: ${stdout}${stderr}`)
      return JSON.parse(stdout)
    }
    const figures: Record<string, Part> = {}
    try {
      await cli('init', project)
      await cli('import', project, join(data.path, 'detect/bccd'))
      for (const kind of kinds) {
        const { title, epochs, options } = parts[kind]
        const wanted = readOption(args, 'epochs', String(epochs))
        log(`${title}: ${wanted} epochs`)
        const words = ['train', project, '--name', kind, '--size', size, '--epochs', wanted, '--seed', `${seed}`]
        const { points, seconds } = await timed([...words, ...options(weights)], limit, log)
        const best = points.reduce<Point | null>((top, one) => (top === null || one.AP > top.AP ? one : top), null)
        if (!best) throw new TagwrightError('failed', `No epoch of "${kind}" was evaluated within ${limit} s.`)
        const early = points.filter((one) => one.seconds <= 60)
        const atOneMinute = early.reduce<Point | null>((top, one) => (top === null || one.AP > top.AP ? one : top), null) // prettier-ignore
        const test = args.includes('--no-test')
          ? null
          : await cli('eval', project, '--run', kind, '--split', 'test').then(({ coco }) => ({ AP: coco.AP, AP50: coco.AP50 })) // prettier-ignore
        figures[kind] = { points, atOneMinute, best, seconds, test }
        record(figures)
        drawCurves(join(root, 'docs/images/finetune-time.svg'), figures)
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    return figures
  },
}

/** Trains as a person would and notes when each epoch's score appears. */
async function timed(
  words: string[],
  limit: number,
  log: (text: string) => void,
): Promise<{ points: Point[]; seconds: number }> {
  const points: Point[] = []
  const started = performance.now()
  const elapsed = () => (performance.now() - started) / 1000
  let seen = 0
  let stopped = false
  const { code, stderr } = await runCli([...words, '--json'], {
    onStderr(text, kill) {
      const lines = [...text.matchAll(/^epoch (\d+): AP ([\d.]+)\s+AP50 ([\d.]+)$/gm)]
      for (const [line, epoch, AP, AP50] of lines.slice(seen)) {
        log(line)
        points.push({ seconds: elapsed(), epoch: Number(epoch), AP: Number(AP), AP50: Number(AP50) })
      }
      seen = lines.length
      if (elapsed() < limit || stopped) return
      stopped = true
      kill('SIGINT')
    },
  })
  if (code !== 0 && !stopped) throw new TagwrightError('failed', `tagwright train ended with ${code}: ${stderr}`)
  return { points, seconds: elapsed() }
}

function drawCurves(file: string, figures: Record<string, Part>): void {
  const picture = lineChart({
    title: 'AP50 on val against wall time',
    xLabel: 'seconds',
    yLabel: 'AP50',
    series: Object.entries(figures).map(([kind, { points }]) => ({
      name: parts[kind as Kind].title,
      color: parts[kind as Kind].color,
      x: points.map((one) => one.seconds),
      y: points.map((one) => one.AP50),
    })),
  })
  writeFileSync(file, svg(picture))
}
