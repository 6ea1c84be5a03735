/** weights list, get, add, remove. */
import { Command } from 'commander'
import type { Weights } from '@shared/contract/weights'
import { withoutProject, type CliContext } from './context'
import { defineCommand } from './define-command'
import { followJob } from './follow-job'
import { bytes, table } from './text'

export const weightsCommands = (cli: CliContext): Command[] => {
  const group = new Command('weights')
    .description('Start weights: list what there is, fetch published ones, add a file.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tagwright weights list\n  $ tagwright weights get yolox-nano\n  $ tagwright train harbour --weights yolox-nano',
    )
  for (const command of [list(cli), get(cli), add(cli), remove(cli)]) group.addCommand(command)
  return [group]
}

const states = { here: 'here', partial: 'part of it', absent: 'not here' } as const

const list = (cli: CliContext) =>
  defineCommand('list', 'List start weights: published ones and those of your own.', ['weights list', 'weights list --json']) // prettier-ignore
    .action(async (_: unknown, command: Command) => {
      const answer = await withoutProject(cli, (api) => api.weights.list())
      cli.answer(command, answer, () => [
        ...table(
          ['name', 'state', 'size', 'trained on', 'AP', 'input', 'licence', 'checksum'],
          answer.weights.map((one) => [
            one.name,
            states[one.state],
            one.bytes === null ? '?' : bytes(one.bytes),
            one.data ?? '-',
            one.ap === null ? '-' : one.ap.toFixed(1),
            one.size === null ? '-' : `${one.size} px`,
            one.licence ?? 'not stated',
            one.sha256 === null ? 'not known' : one.sha256.slice(0, 12),
          ]),
        ),
        '',
        ...[...new Set(answer.weights.flatMap(({ page }) => page ?? []))].map((page) => `Source: ${page}`),
        `Kept in ${answer.folder}`,
        'Next: tagwright weights get <name>, then tagwright train <project> --weights <name>',
      ])
    })

const get = (cli: CliContext) =>
  defineCommand('get <name>', 'Fetch published weights from their authors.', ['weights get yolox-nano'])
    .argument('<name>', 'as "weights list" names it')
    .action(async (name: string, _: unknown, command: Command) => {
      const one = await withoutProject(cli, (api) => followJob<Weights>(cli, api, () => api.weights.get({ name })))
      cli.answer(command, one, () => described(one))
    })

const add = (cli: CliContext) =>
  defineCommand('add <file> [options]', 'Keep an ONNX file or a checkpoint as start weights for all projects.', [
    'weights add ~/Downloads/yolox_nano.onnx',
    'weights add best.ckpt --name cells-2026',
  ])
    .argument('<file>', 'ONNX file or checkpoint of this program')
    .option('--name <name>', "name to use it by (default: the file's)")
    .action(async (path: string, { name }: { name?: string }, command: Command) => {
      const one = await withoutProject(cli, (api) => api.weights.add({ path, ...(name ? { name } : {}) }))
      cli.answer(command, one, () => described(one))
    })

const remove = (cli: CliContext) =>
  defineCommand('remove <name>', 'Delete kept weights.', ['weights remove yolox-nano'])
    .argument('<name>', 'as "weights list" names it')
    .action(async (name: string, _: unknown, command: Command) => {
      await withoutProject(cli, (api) => api.weights.remove({ name }))
      cli.answer(command, { removed: name }, () => `Removed "${name}".`)
    })

const described = (one: Weights): string[] => [
  `${one.title}: ${one.file} (${bytes(one.bytes ?? 0)}, licence ${one.licence ?? 'not stated'}).`,
  one.published
    ? one.checked
      ? 'Its checksum is the expected one.'
      : 'No checksum is known for it; what came was read as an ONNX file.'
    : `Checksum ${one.sha256}.`,
  `Next: tagwright train <project> --weights ${one.name}`,
]
