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
 * @param forget called when no project is open, and before anything of another one is drawn: forget what was read.
 * @param wanted asked at each `project.changed`; false skips the reading.
 * @returns the function that reads now
 */
export function followProject(
  read: () => Promise<void>,
  forget: () => void,
  wanted: (change: ProjectChange) => boolean = () => true,
): () => Promise<void> {
  const refresh = latest(async () => {
    try {
      await read()
    } catch (error) {
      const code = error instanceof TagwrightError ? error.code : ''
      if (code === 'no-project') forget()
      // The next connection reads again; what is shown stays until then.
      else if (code !== 'connection-lost' && code !== 'disconnected') useNotify().error(error)
    }
  })
  // At once: what a view asks for by an id of the project before is not there, or is something else.
  watch(
    () => useSession().project?.folder,
    (_, before) => {
      if (before !== undefined) forget()
    },
    { flush: 'sync' },
  )
  watch([() => connection.epoch, () => useSession().project?.folder], () => void refresh(), { immediate: connection.epoch > 0 }) // prettier-ignore
  api.project.on('changed', (change) => {
    if (wanted(change)) void refresh()
  })
  return refresh
}
