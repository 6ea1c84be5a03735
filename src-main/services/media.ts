import type { mediaContract } from '@shared/contract/media'
import type { ServiceHandlers } from '@shared/contract/rpc'
import type { Queue } from '../jobs/queue'
import { beginUpload, cancelUpload, needUpload, uploadLimits } from '../media/upload-folder'
import type { ProjectSession } from './project-session'
import { projectMedia } from './project-media'

/** `relink` and `importUpload` only start jobs; see jobs/relink-job.ts and jobs/import-upload-job.ts. */
export const createMediaService = (
  session: ProjectSession,
  queue: () => Queue,
): ServiceHandlers<typeof mediaContract> => ({
  info: ({ sample }) => projectMedia(session.store()).info(sample),
  resolve: ({ sample, width }, { signal }) => projectMedia(session.store()).image(sample, width, signal),
  background: () => projectMedia(session.store()).keeper.state,
  checkFiles: (_, { signal }) => projectMedia(session.store()).keeper.check(signal),
  relink: (input) => {
    session.store()
    return { job: queue().add('relink', input).id }
  },
  beginUpload: async ({ name }) => {
    const upload = await beginUpload(session.store().folder, name)
    return { upload, ...uploadLimits }
  },
  importUpload: (input) => {
    needUpload(session.store().folder, input.upload)
    return { job: queue().add('import-upload', input).id }
  },
  cancelUpload: ({ upload }) => cancelUpload(session.store().folder, upload),
})
