/** doctor, serve. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { createStudio } from '../../host/studio'
import { withoutProject, type CliContext } from './context'
import { defineCommand, integer } from './define-command'
import { bytes, table } from './text'

export const machineCommands = (cli: CliContext): Command[] => [doctor(cli), serve(cli)]

const doctor = (cli: CliContext) =>
  defineCommand('doctor [options]', 'Show versions, providers, disk and memory, and what is wrong.', [
    'doctor',
    'doctor --json',
  ]).action(async (_: unknown, command: Command) => {
    const report = await withoutProject(cli, (api) => api.system.doctor({}, { signal: cli.signal }))
    const { versions, system, providers, disk, memory, problems } = report
    cli.answer(command, report, () => [
      `System     ${system.platform} ${system.release} ${system.arch}, ${system.cpu}, ${system.cores} cores`,
      `Memory     ${bytes(memory.free)} free of ${bytes(memory.total)}`,
      `Disk       ${bytes(disk.free)} free of ${bytes(disk.total)} (${disk.path})`,
      `Versions   ${Object.entries(versions)
        .map(([name, version]) => `${name} ${version ?? 'missing'}`)
        .join(', ')}`,
      '',
      ...(providers.length > 0
        ? table(
            ['provider', 'works', 'device', 'time', 'note'],
            providers.map(({ id, available, device, milliseconds, reason }) => [
              id,
              available ? 'yes' : 'no',
              device ?? '-',
              milliseconds === null ? '-' : `${milliseconds.toFixed(1)} ms`,
              reason ?? '',
            ]),
          )
        : []),
      '',
      ...(problems.length > 0 ? problems.map(({ message }) => `Problem: ${message}`) : ['No problem found.']),
    ])
  })

const serve = (cli: CliContext) =>
  defineCommand('serve [project] [options]', 'Open a project for a browser and for other commands until Ctrl-C.', [
    'serve harbour',
    'serve harbour --port 8750                 (then tunnel: ssh -L 8750:localhost:8750 workstation)',
  ])
    .argument('[project]', 'project folder')
    .option('--port <n>', 'port (default: any free one)', integer(0, 65535), 0)
    .option('--host <address>', 'address to listen on; anything but 127.0.0.1 is reachable by others', '127.0.0.1')
    .action(async (folder: string | undefined, { port, host }: { port: number; host: string }, command: Command) => {
      const studio = createStudio({ ...cli.ports, host: 'browser', startsQueuedJobs: true })
      try {
        const { url, port: actual } = await studio.listen({ port, hostname: host })
        if (folder !== undefined) await studio.open(resolve(folder))
        cli.answer(command, { url, port: actual, project: studio.store()?.folder ?? null }, () => url)
        if (!cli.signal.aborted) await new Promise((end) => cli.signal.addEventListener('abort', end))
      } finally {
        await studio.close()
      }
    })
