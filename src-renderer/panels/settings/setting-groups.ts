/** Settings of the panels: dropping a `settings.ts` into a folder of `panels` adds a group. */
import type { SettingGroup } from '../../ui/setting'

const found = import.meta.glob<SettingGroup>('../*/settings.ts', { eager: true, import: 'default' })

export const settingGroups: readonly SettingGroup[] = Object.values(found).toSorted((a, b) => a.order - b.order)
