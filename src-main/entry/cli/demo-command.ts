/** demo: the whole loop on the generated sample. */
import { existsSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { TagwrightError } from '@shared/base/errors'
import { shellWord } from '@shared/base/shell-word'
import type { ImportReport } from '@shared/contract/datasets'
import type { ExportReport } from '@shared/contract/worker'
import { createStudio } from '../../host/studio'
import { generateHarbour } from '../../sample/generate-harbour'
import { withProject, type CliContext } from './context'
import { autoOr, defineCommand, integer } from './define-command'
import { followJob } from './follow-job'
import { formatEvaluation } from '@shared/evaluation/format-evaluation'
import { evaluateAndFollow, exportText } from './model-commands'
import { importText } from './project-commands'
import { trainAndFollow } from './run-commands'
import { duration, plural, score } from './text'

interface DemoOptions {
  dir?: string
  images: number
  epochs: number | 'auto'
  seed: number
}

export const demoCommand = (cli: CliContext): Command =>
  defineCommand('demo [options]', 'Try everything: generate a sample, import, train, evaluate, export.', [
    'demo',
    'demo --dir /tmp/harbour --epochs 20',
  ])
    .option('--dir <folder>', 'folder for all of it (default: tagwright-demo, or the next free tagwright-demo-2...)')
    .option('--images <n>', 'number of generated images', integer(10, 100_000), 240)
    .option('--epochs <n>', 'number of epochs, or auto', autoOr(integer(1)), 60)
    .option('--seed <n>', 'seed of data and training', integer(0), 0)
    .action(async (options: DemoOptions, command: Command) => {
      const dir = resolve(options.dir ?? freeFolder('tagwright-demo'))
      if (existsSync(dir) && readdirSync(dir).length > 0) {
        throw new TagwrightError(
          'folder-not-empty',
          `${dir} is not empty. Choose another folder: tagwright demo --dir <folder>.`,
          { dir },
        )
      }
      const [data, project, model] = [join(dir, 'data'), join(dir, 'project'), join(dir, 'harbour.onnx')]
      const show = (path: string) => {
        const near = relative(process.cwd(), path)
        return shellWord(near.startsWith('..') ? path : near || '.')
      }
      const say = (...lines: string[]) => lines.forEach((line) => cli.note(line))
      const { seed, images, epochs } = options

      say(`Generating ${plural(images, 'image')} in ${show(data)}`)
      const files = await generateHarbour({ dir: data, images, seed, signal: cli.signal })
      say(`  ${plural(files.boxes, 'box', 'boxes')}`, `$ tagwright init ${show(project)}`)
      const studio = createStudio(cli.ports)
      try {
        await studio.init(project, { name: 'Harbour' })
      } finally {
        await studio.close()
      }
      const answer = await withProject(cli, project, async (api) => {
        say(`$ tagwright import ${show(project)} ${show(data)}`)
        const paths = Object.values(files.annotations)
        const imported = await followJob<ImportReport>(cli, api, () => api.datasets.import({ paths, format: 'coco' }))
        say(...importText(imported).map((line) => `  ${line}`))
        say(`$ tagwright train ${show(project)}`)
        const recipe = { seed, ...(epochs === 'auto' ? {} : { epochs }) }
        const run = await trainAndFollow(cli, api, show(project), () => api.runs.start({ recipe, name: 'demo' }))
        say(`  ${duration(run.seconds ?? 0)}, best AP50 ${score(run.best?.AP50)} on val`)
        say(`$ tagwright eval ${show(project)} --run ${run.id}`)
        const source = { kind: 'run', run: run.id } as const
        const evaluation = await evaluateAndFollow(cli, api, { source, split: 'test' })
        say(`$ tagwright export ${show(project)} --run ${run.id} --out ${show(model)}`)
        const exported = await followJob<ExportReport>(cli, api, () => api.runs.export({ run: run.id, out: model }))
        say(...exportText(exported).map((line) => `  ${line}`))
        say(`$ tagwright eval ${show(project)} --model ${show(model)}`)
        const again = await evaluateAndFollow(cli, api, { source: { kind: 'onnx', file: model }, split: 'test' })
        return { run, evaluation, exported, again }
      })
      const { run, evaluation, exported, again } = answer
      cli.answer(
        command,
        {
          dir,
          project,
          model,
          run: run.id,
          seconds: run.seconds,
          imagesPerSecond: run.imagesPerSecond,
          best: run.best,
          coco: evaluation.coco,
          exportedCoco: again.coco,
          parity: exported.parity,
        },
        () => [
          'The run on the test split:',
          ...formatEvaluation(evaluation),
          'The exported file on the test split:',
          ...formatEvaluation(again),
          '',
          `Everything is in ${dir}. Next: tagwright predict --project ${show(project)} --split test --model ${show(model)} --draw ${show(join(dir, 'drawn'))}`,
        ],
      )
    })

/** `name`, or the first of `name-2`, `name-3`... that is not there: a second try does not fail on the first one's files. */
function freeFolder(name: string): string {
  let folder = name
  for (let i = 2; existsSync(folder); i++) folder = `${name}-${i}`
  return folder
}
