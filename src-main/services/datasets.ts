import { formats, matchFormats } from '@shared/catalog/formats'
import { truthOf } from '@shared/catalog/tasks'
import type { datasetsContract } from '@shared/contract/datasets'
import type { ServiceHandlers } from '@shared/contract/rpc'
import type { Queue } from '../jobs/queue'
import { openSources } from '../media/node-source'
import type { ProjectSession } from './project-session'

/** `import` and `export` only start jobs; see jobs/import-job.ts and jobs/export-data-job.ts. */
export const createDatasetsService = (
  session: ProjectSession,
  queue: () => Queue,
): ServiceHandlers<typeof datasetsContract> => ({
  formats: () => ({
    formats: formats.entries().map(([id, { title, shapes, asksLabel, options }]) => ({
      id,
      title,
      shapes: [...shapes],
      label: asksLabel ? (options.parse({}) as { label: string }).label : null,
    })),
  }),
  match: async ({ paths }) => ({
    sources: await Promise.all(
      openSources(paths).map(async (source) => ({
        root: source.root,
        matches: (await matchFormats(source, truthOf(session.store().project.task))).map((match) => ({
          ...match,
          title: formats.get(match.id).title,
        })),
      })),
    ),
  }),
  import: (input) => {
    session.store()
    return { job: queue().add('import', input).id }
  },
  export: (input) => {
    session.store()
    return { job: queue().add('export-data', input).id }
  },
})
