import type { mediaContract } from '@shared/contract/media'
import type { StudioContracts } from '@shared/contract'
import type { Hub, ServiceHandlers } from '@shared/contract/rpc'
import type { Queue } from '../jobs/queue'
import { beginUpload, cancelUpload, needUpload, uploadLimits } from '../media/upload-folder'
import type { Store } from '../store/store'
import type { ProjectSession } from './project-session'
import { projectMedia, type ProjectMedia } from './project-media'

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

/**
 * Begun and ended with an open project. @param background false: thumbnails are made when they are asked for.
 * @param delay see ImageKeeper.start. @param isBusy see KeeperOptions.
 */
export function mediaTask(
  hub: Pick<Hub<StudioContracts>, 'emit'>,
  { background, delay, isBusy }: { background: boolean; delay?: number | undefined; isBusy: () => boolean },
) {
  let media: ProjectMedia | null = null
  return {
    opened(store: Store): void {
      media = projectMedia(store, { isBusy })
      media.events.on('progress', (state) => hub.emit('media.progress', state))
      media.events.on('background', (state) => hub.emit('media.background', state))
      if (background) media.keeper.start(delay)
    },
    async closing(): Promise<void> {
      await media?.close()
      media = null
    },
  }
}
