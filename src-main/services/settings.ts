import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import type { Hub, ServiceHandlers } from '@shared/contract/rpc'
import { settingsSchema, type Settings, type settingsContract } from '@shared/contract/settings'
import type { StudioContracts } from '@shared/contract'
import { readUserFile, writeUserFile } from '../store/user-file'
import type { UserFolders } from '../store/user-folders'

const mostBytes = 256 * 1024

export function createSettingsService(
  { config }: UserFolders,
  hub: Pick<Hub<StudioContracts>, 'emit'>,
): ServiceHandlers<typeof settingsContract> {
  const file = config === null ? null : join(config, 'settings.json')
  let kept: Settings = {}
  // Read at every use: several hosts share the file.
  const read = (): Settings => (file === null ? kept : (readUserFile(file, settingsSchema) ?? {}))
  return {
    get: () => ({ values: read() }),
    set({ values }) {
      const next = Object.fromEntries(Object.entries({ ...read(), ...values }).filter(([, value]) => value !== null))
      const bytes = Buffer.byteLength(JSON.stringify(next))
      if (bytes > mostBytes) {
        throw new TagwrightError(
          'settings-too-large',
          `The settings would take ${bytes} bytes; ${mostBytes} is the most. Keep large data in the project.`,
        )
      }
      if (file === null) kept = next
      else writeUserFile(file, next)
      hub.emit('settings.changed', { values })
    },
  }
}
