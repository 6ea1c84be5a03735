/** report, model-card, compare. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { TagwrightError } from '@shared/base/errors'
import { withProject, type Api, type CliContext } from './context'
import { defineCommand, integer } from './define-command'
import { followJob } from './follow-job'
import { bytes, score, table } from './text'

export const reportCommands = (cli: CliContext): Command[] => [report(cli), modelCard(cli), compare(cli)]

const report = (cli: CliContext) =>
  defineCommand(
    'report <project> --run <run> [options]',
    'Write one self-contained HTML file about a run: data, recipe, curves, tables, worst images.',
    ['report harbour --run latest', 'report harbour --run r2 --out r2.html --images 24'],
  )
    .argument('<project>', 'project folder')
    .requiredOption('--run <run>', 'id, name, or latest')
    .option('--out <file.html>', 'file to write (default: report.html in the folder of the run)')
    .option('--images <n>', 'images with the most errors (default 12)', integer(0, 100))
    .action(async (folder: string, options: { run: string; out?: string; images?: number }, command: Command) => {
      const { run, out, images } = options
      const made = await withProject(cli, folder, (api) =>
        followJob<{ file: string; bytes: number }>(cli, api, () =>
          api.results.report({ run, out: out ? resolve(out) : null, ...(images === undefined ? {} : { images }) }),
        ),
      )
      cli.answer(command, { file: made.file, bytes: made.bytes }, () => `Wrote ${made.file} (${bytes(made.bytes)}).`)
    })

const modelCard = (cli: CliContext) =>
  defineCommand(
    'model-card <project> --run <run> [options]',
    'Say what a model is: classes, data, recipe, scores, licence.',
    ['model-card harbour --run latest --licence CC-BY-4.0 --out README.md', 'model-card harbour --run r2 --json'],
  )
    .argument('<project>', 'project folder')
    .requiredOption('--run <run>', 'id, name, or latest')
    .option('--licence <name>', 'of the weights')
    .option('--out <file.md>', 'file to write (default: the answer is printed)')
    .action(async (folder: string, options: { run: string; licence?: string; out?: string }, command: Command) => {
      const { run, licence = null, out } = options
      const { markdown, json } = await withProject(cli, folder, (api) => api.results.modelCard({ run, licence }))
      if (out) await writeFile(resolve(out), markdown)
      cli.answer(command, json, () => (out ? `Wrote ${resolve(out)}.` : markdown))
    })

const compare = (cli: CliContext) =>
  defineCommand('compare <project> <run-a> <run-b> [options]', 'Set the evaluations of two runs side by side.', [
    'compare harbour r1 r2',
    'compare harbour r1 latest --json',
  ])
    .argument('<project>', 'project folder')
    .argument('<run-a>', 'id, name, or latest')
    .argument('<run-b>', 'id, name, or latest')
    .action(async (folder: string, a: string, b: string, _: unknown, command: Command) => {
      const result = await withProject(cli, folder, async (api) =>
        api.results.compare({ a: await newest(api, a), b: await newest(api, b) }),
      )
      cli.answer(command, result, () => [
        ...(result.sameData ? [] : ['The two were not evaluated on the same images and labels.']),
        ...table(
          ['metric', 'a', 'b', 'b - a'],
          result.coco.map((row) => [row.name, score(row.a), score(row.b), signed(row.difference)]),
        ),
        `Images with fewer errors in b: ${result.images.wins}, as many: ${result.images.ties}, more: ${result.images.losses}.`,
        ...result.recipe.map((row) => `${row.key}: ${JSON.stringify(row.a)} became ${JSON.stringify(row.b)}`),
      ])
    })

const signed = (value: number | null): string => (value === null ? '-' : `${value < 0 ? '' : '+'}${value.toFixed(3)}`)

/** The run's own evaluation, else its newest. */
async function newest(api: Api, run: string): Promise<number> {
  const { evaluations } = await api.results.list({ run })
  const chosen = evaluations.find(({ final }) => final) ?? evaluations[0]
  if (chosen) return chosen.id
  throw new TagwrightError('no-evaluation', `Run ${run} was not evaluated yet: tagwright eval <project> --run ${run}.`)
}
