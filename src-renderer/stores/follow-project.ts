/** Keeps something read from the project up to date: read again on every change of the project and every connection. */
import { watch } from 'vue'
import { TagwrightError } from '@shared/base/errors'
import type { ProjectChange } from '@shared/contract/project'
import { api, connection } from '../client/api'
import { latest } from '../client/latest'
import { useNotify } from './notify'
import { useSession } from './session'

/**
 * @param read reads and stores; may reject.
 * @param onNoProject called when no project is open: forget what was read.
 * @param wanted asked at each `project.changed`; false skips the reading.
 * @returns the function that reads now
 */
export function followProject(
  read: () => Promise<void>,
  onNoProject: () => void,
  wanted: (change: ProjectChange) => boolean = () => true,
): () => Promise<void> {
  const refresh = latest(async () => {
    try {
      await read()
    } catch (error) {
      const code = error instanceof TagwrightError ? error.code : ''
      if (code === 'no-project') onNoProject()
      // The next connection reads again; what is shown stays until then.
      else if (code !== 'connection-lost' && code !== 'disconnected') useNotify().error(error)
    }
  })
  watch([() => connection.epoch, () => useSession().project?.folder], () => void refresh(), { immediate: connection.epoch > 0 }) // prettier-ignore
  api.project.on('changed', (change) => {
    if (wanted(change)) void refresh()
  })
  return refresh
}
