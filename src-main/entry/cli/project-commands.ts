/** init, import, info, split, labels, undo, redo. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { TagwrightError } from '@shared/base/errors'
import { shellWord } from '@shared/base/shell-word'
import type { ImportReport } from '@shared/contract/datasets'
import type { ProjectInfo } from '@shared/contract/project'
import type { Division } from '@shared/contract/samples'
import { type TaskId, taskIds } from '@shared/domain/task'
import { createStudio } from '../../host/studio'
import { withProject, type CliContext } from './context'
import { defineCommand, integer, listOf, number, oneOf } from './define-command'
import { followJob } from './follow-job'
import { formatNames, parseFormatOptions } from './format-options'
import { plural, table } from './text'

export function projectCommands(cli: CliContext): Command[] {
  return [init(cli), importData(cli), info(cli), split(cli), labels(cli), step(cli, 'undo'), step(cli, 'redo')]
}

const init = (cli: CliContext) =>
  defineCommand('init <project> [options]', 'Create a project in a folder.', [
    'init harbour',
    'init ~/projects/cells --name "Blood cells"',
  ])
    .argument('<project>', 'folder of the new project; made when it is not there')
    .option('--task <task>', `what is trained: ${taskIds.join(', ')}`, oneOf(...taskIds), 'detect')
    .option('--name <name>', 'name of the project (default: that of the folder)')
    .action(async (folder: string, options: { task: TaskId; name?: string }, command: Command) => {
      const studio = createStudio(cli.ports)
      try {
        const name = options.name ? { name: options.name } : {}
        const project = await studio.client().project.init({ folder: resolve(folder), task: options.task, ...name })
        cli.answer(command, project, () => [
          `Created the project "${project.name}" in ${project.folder}.`,
          `Next: tagwright import ${shellWord(folder)} <folder with images>`,
        ])
      } finally {
        await studio.close()
      }
    })

const importData = (cli: CliContext) =>
  defineCommand('import <project> <path...> [options]', 'Import images and annotations.', [
    'import harbour ~/photos',
    'import cells ./bccd                        (a Pascal VOC folder keeps the splits of ImageSets/Main)',
    'import cells labels.json --format coco --split train',
    'import cells ./yolo --labels classes.txt --copy',
    'import mice ./cage-Ada-2026-11-22 --option label=mouse     (a DeepLabCut project)',
  ])
    .argument('<project>', 'project folder')
    .argument('<path...>', 'folders, images, or annotation files (COCO JSON, data.yaml)')
    .option('--format <format>', `auto, ${formatNames}`, 'auto')
    .option(
      '--split <split>',
      'train, val or test for all of it; auto keeps what the files say',
      oneOf('train', 'val', 'test', 'auto'),
      'auto',
    ) // prettier-ignore
    .option('--labels <file>', 'class list: one name a line, or YAML with "names"')
    .option(
      '--option <key=value...>',
      'of the format: label=mouse (deeplabcut), task=obb (yolo), origin=official (voc)',
    )
    .option('--copy', 'copy images into the project instead of referring to them', false)
    .action(async (folder: string, paths: string[], options: ImportOptions, command: Command) => {
      const report = await withProject(cli, folder, (api) =>
        followJob<ImportReport>(cli, api, () =>
          api.datasets.import({
            paths: paths.map((path) => resolve(path)),
            format: options.format,
            split: options.split,
            labels: options.labels ? resolve(options.labels) : null,
            copy: options.copy,
            options: parseFormatOptions(options.option),
          }),
        ),
      )
      cli.answer(command, report, () => importText(report))
    })
interface ImportOptions {
  format: string
  option?: string[]
  split: 'train' | 'val' | 'test' | 'auto'
  labels?: string
  copy: boolean
}

const split = (cli: CliContext) =>
  defineCommand(
    'split <project> [options]',
    'Divide the images into train, val and test, every class spread over them. Images that are missing or cannot be read are divided among themselves, so that the shares hold without them. `undo` takes it back.',
    ['split harbour', 'split harbour --shares 70,20,10 --seed 3', 'split harbour --all'],
  )
    .argument('<project>', 'project folder')
    .option('--shares <train,val,test>', 'how many of 100 images each gets', listOf(number(0, 1e6)), [80, 10, 10])
    .option('--seed <n>', 'another number gives another division', integer(0), 0)
    .option('--all', 'also the images that have a split', false)
    .action(async (folder: string, options: { shares: number[]; seed: number; all: boolean }, command: Command) => {
      const [train, val, test, ...rest] = options.shares
      if (test === undefined || rest.length > 0)
        throw new TagwrightError('usage', `--shares was given ${options.shares.length} numbers. Write three: train,val,test.`) // prettier-ignore
      const sum = Math.max(train + val + test, 1e-9)
      const made = await withProject(cli, folder, (api) =>
        api.samples.autoSplit({ shares: { train: train / sum, val: val / sum, test: test / sum }, seed: options.seed, which: options.all ? 'all' : 'unassigned' }),
      ) // prettier-ignore
      cli.answer(command, made, () => splitText(made))
    })

/** Who divides images that are not there learns that those count for nothing yet. */
export function splitText({ unreadable: lost, ...made }: Division): string[] {
  const text = (counts: Record<'train' | 'val' | 'test', number>) =>
    `train ${counts.train}, val ${counts.val}, test ${counts.test}`
  const lines = [`Splits: ${text(made)}.`]
  const count = lost.train + lost.val + lost.test
  if (count > 0)
    lines.push(
      `Of them ${plural(count, 'image is', 'images are')} missing or cannot be read (${text(lost)}): not trained on and not measured until restored. The shares hold without them.`,
    )
  return lines
}

export function importText(report: ImportReport): string[] {
  const { splits, states, counts } = report
  const lines = [
    `Imported ${plural(report.samples, 'image')}, ${plural(report.annotations, 'annotation')} and ${plural(report.labels, 'label')} (${report.format}) in ${report.seconds.toFixed(1)} s.`,
  ]
  // Of the files; images that were there already keep the split that they have.
  if (report.samples > 0)
    lines.push(
      `Splits: train ${splits.train}, val ${splits.val}, test ${splits.test}${splits.none ? `, none ${splits.none}` : ''}.`,
    )
  if (report.samples > 0 && splits.none > 0 && splits.train + splits.val + splits.test === 0)
    lines.push('The first training divides the images; tagwright split does it now, in other shares if wanted.')
  if (report.matchedSamples) {
    lines.push(`${plural(report.matchedSamples, 'image was', 'images were')} in the project already.`)
  }
  if (report.unchangedAnnotations) {
    lines.push(`${plural(report.unchangedAnnotations, 'annotation was', 'annotations were')} in the project already.`)
  }
  if (states.missing) lines.push(`${plural(states.missing, 'image file is', 'image files are')} missing.`)
  if (states.unreadable) lines.push(`${plural(states.unreadable, 'image file is', 'image files are')} unreadable.`)
  for (const [title, count, issues] of [
    ['Skipped', counts.skipped, report.skipped],
    ['Warnings', counts.warnings, report.warnings],
  ] as const) {
    if (count === 0) continue
    lines.push(`${title}: ${count}`)
    for (const { file, line, message } of issues.slice(0, 10))
      lines.push(`  ${file}${line ? `:${line}` : ''}: ${message}`)
    if (count > 10) lines.push(`  ... ${count - Math.min(10, issues.length)} more; --json lists them.`)
  }
  return lines
}

const info = (cli: CliContext) =>
  defineCommand('info <project> [options]', 'Show what is in a project.', ['info harbour', 'info harbour --json'])
    .argument('<project>', 'project folder')
    .action(async (folder: string, _: unknown, command: Command) => {
      const project = await withProject(cli, folder, (api) => api.project.info())
      cli.answer(command, project, () => infoText(project))
    })

function infoText({ name, folder, task, samples, annotations, labels, runs }: ProjectInfo): string[] {
  const { splits, states } = samples
  const shapes = Object.entries(annotations.shapes).map(([kind, count]) => `${kind} ${count}`)
  return [
    `${name} (${task}), ${folder}`,
    `Images       ${samples.total}: train ${splits.train}, val ${splits.val}, test ${splits.test}, none ${splits.none}`,
    ...(states.missing || states.unreadable
      ? [`             missing ${states.missing}, unreadable ${states.unreadable}`]
      : []),
    `Labelled     ${samples.labelled}, reviewed ${samples.reviewed}`,
    `Annotations  ${annotations.total}${shapes.length ? `: ${shapes.join(', ')}` : ''}`,
    `Runs         ${runs}`,
    ...(labels.length > 0 ? ['', ...labelTable(labels)] : []),
  ]
}

/** How many images a label is on takes a moment in a large project: only `labels` asks for it. */
const labelTable = (labels: readonly (ProjectInfo['labels'][number] & { samples?: number })[]) => {
  const images = labels.some((label) => label.samples !== undefined)
  return table(
    ['index', 'label', 'annotations', ...(images ? ['images'] : [])],
    labels.map(({ index, name, gap, annotations, samples }) => [
      index,
      gap ? '(deleted)' : name,
      annotations,
      ...(images ? [samples ?? 0] : []),
    ]),
  )
}

const labelActions = ['list', 'rename', 'merge', 'add', 'delete'] as const

const labels = (cli: CliContext) =>
  defineCommand('labels <project> [list|rename|merge|add|delete] [names...]', 'List and change labels.', [
    'labels harbour',
    'labels harbour rename boat sailboat',
    'labels harbour merge buoy bouy boje --gaps reindex     (buoy stays, the others become buoy)',
    'labels harbour add dock submarine',
    'labels harbour delete dock --gaps keep-gap',
  ])
    .argument('<project>', 'project folder')
    .argument('[action]', labelActions.join(', '), oneOf(...labelActions), 'list')
    .argument('[names...]', 'rename: old new; merge: the one that stays, then the others; add, delete: names')
    .option(
      '--gaps <mode>',
      'what happens to the index of a removed label: keep-gap, reindex',
      oneOf('keep-gap', 'reindex'),
    ) // prettier-ignore
    .action(
      async (
        folder: string,
        action: (typeof labelActions)[number],
        names: string[],
        options: LabelOptions,
        command: Command,
      ) => {
        // prettier-ignore
        const need = (least: number, most: number, usage: string) => {
        if (names.length >= least && names.length <= most) return
        throw new TagwrightError('usage', `labels ${action} was given ${plural(names.length, 'name')}. Use: labels <project> ${action} ${usage}`)
      }
        await withProject(cli, folder, async ({ labels: api }) => {
          const gaps = options.gaps ? { gaps: options.gaps } : {}
          let done: object = {}
          let text = ''
          switch (action) {
            case 'list':
              need(0, 0, '')
              break
            case 'rename':
              need(2, 2, '<old> <new>')
              await api.rename({ label: names[0], name: names[1] })
              text = `Renamed "${names[0]}" to "${names[1]}".`
              break
            case 'merge': {
              need(2, Infinity, '<into> <from...>')
              const { annotations } = await api.merge({ into: names[0], from: names.slice(1), ...gaps })
              done = { annotations }
              text = `Merged ${names.slice(1).join(', ')} into "${names[0]}": ${plural(annotations, 'annotation')} changed.`
              break
            }
            case 'add':
              need(1, Infinity, '<name...>')
              done = await api.add({ labels: names.map((name) => ({ name })) })
              text = `Added ${names.join(', ')}.`
              break
            case 'delete': {
              need(1, 1, '<name>')
              const { annotations } = await api.delete({ label: names[0], gaps: options.gaps ?? 'keep-gap' })
              done = { annotations }
              text = `Deleted "${names[0]}" with ${plural(annotations, 'annotation')}. "tagwright undo" brings them back.`
              break
            }
          }
          const { labels: all } = await api.list()
          cli.answer(command, { ...done, labels: all }, () => (action === 'list' ? labelTable(all) : text))
        })
      },
    )
interface LabelOptions {
  gaps?: 'keep-gap' | 'reindex'
}

const step = (cli: CliContext, direction: 'undo' | 'redo') =>
  defineCommand(
    `${direction} <project> [options]`,
    direction === 'undo' ? 'Take the last change back.' : 'Make the last undone change again.',
    [`${direction} harbour`],
  )
    .argument('<project>', 'project folder')
    .option('--skip-changed', 'leave rows alone that an import or job has changed since', false)
    .action(async (folder: string, { skipChanged }: { skipChanged: boolean }, command: Command) => {
      const answer = await withProject(cli, folder, (api) => api.history[direction]({ skipChanged }))
      cli.answer(command, answer, () => [
        answer.entry
          ? `${direction === 'undo' ? 'Undone' : 'Done again'}: ${answer.entry.reason}`
          : `Nothing to ${direction}.`,
        ...answer.skipped,
      ])
    })
