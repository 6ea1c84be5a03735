/** export-data: the annotations as other programs read them. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { ExportReport as DatasetReport } from '@shared/contract/datasets'
import { splitSchema } from '@shared/domain/split'
import { withProject, type CliContext } from './context'
import { defineCommand, listOf, oneOf } from './define-command'
import { followJob } from './follow-job'
import { formatNames, parseFormatOptions } from './format-options'
import { plural } from './text'

export const exportDataCommand = (cli: CliContext) =>
  defineCommand(
    'export-data <project> --format <format> --out <folder> [options]',
    'Write images and annotations in a dataset format.',
    [
      'export-data harbour --format coco --out ../harbour-coco',
      'export-data harbour --format yolo --out ../harbour-yolo --splits train,val --reference',
    ],
  )
    .argument('<project>', 'project folder')
    .requiredOption('--format <format>', formatNames)
    .requiredOption('--out <folder>', 'folder to write')
    .option('--splits <list>', 'only these, comma between (default: all images)', listOf(oneOf(...splitSchema.options)))
    .option('--option <key=value...>', 'of the format, e.g. task=obb (yolo), index=path (deeplabcut)')
    .option('--reference', 'write annotation files only, no images', false)
    .option('--force', 'write into a folder that is not empty', false)
    .option('--rename', 'number images whose names collide', false)
    .option('--zip', '--out names a zip file to write instead of a folder', false)
    .action(async (folder: string, options: ExportDataOptions, command: Command) => {
      const { format, splits = [], reference, force, rename, zip, option } = options
      const report = await withProject(cli, folder, (api) =>
        followJob<DatasetReport>(cli, api, () =>
          api.datasets.export({
            format,
            out: resolve(options.out),
            splits,
            images: reference ? 'reference' : 'copy',
            force,
            rename,
            zip,
            options: parseFormatOptions(option),
          }),
        ),
      )
      cli.answer(command, report, () => [
        `Wrote ${plural(report.annotations, 'annotation')} of ${plural(report.samples, 'image')} (${report.format}) to ${report.out}.`,
        ...(['skipped', 'warnings'] as const).flatMap((level) => issueLines(level, report)),
      ])
    })
/** What was left out or changed, counted by kind, each with its first rows. */
function issueLines(level: 'skipped' | 'warnings', report: DatasetReport): string[] {
  if (report.counts[level] === 0) return []
  const byCode = Map.groupBy(report[level], ({ code }) => code)
  const title = level === 'skipped' ? 'Left out' : 'Written with a change'
  return [
    `${title}: ${report.counts[level]}`,
    ...[...byCode].flatMap(([code, issues]) => [
      `  ${report.counts.codes[code] ?? issues.length} x ${code}`,
      ...issues.slice(0, 3).map(({ file, message }) => `    ${file}: ${message}`),
    ]),
  ]
}

interface ExportDataOptions {
  option?: string[]
  format: string
  out: string
  splits?: ('train' | 'val' | 'test')[]
  reference: boolean
  force: boolean
  rename: boolean
  zip: boolean
}
