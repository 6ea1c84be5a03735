/**
 * Settings as plug-ins: `panels/<view>/settings.ts` default-exports a group, the settings view shows a form for it, and
 * `useSettings().group(canvas)` gives its values, reactive and stored.
 */
export type SettingField =
  | { kind: 'switch'; title: string; hint?: string; default: boolean }
  | {
      kind: 'number'
      title: string
      hint?: string
      default: number
      min: number
      max: number
      step?: number
      unit?: string
    }
  | { kind: 'choice'; title: string; hint?: string; default: string; options: Readonly<Record<string, string>> }

export interface SettingGroup<F extends Record<string, SettingField> = Record<string, SettingField>> {
  /** Stored under it: stable. */
  id: string
  /** i18n key, as all titles, hints and option texts. */
  title: string
  order: number
  fields: F
}

type ValueOf<F extends SettingField> = F['kind'] extends 'switch'
  ? boolean
  : F['kind'] extends 'number'
    ? number
    : string
export type SettingValues<F extends Record<string, SettingField>> = { -readonly [K in keyof F]: ValueOf<F[K]> }

export const defineSettings = <const F extends Record<string, SettingField>>(group: SettingGroup<F>): SettingGroup<F> =>
  group

/** A stored value when it still fits the field, else the field's default. */
export function settingValue(field: SettingField, stored: unknown): boolean | number | string {
  switch (field.kind) {
    case 'switch':
      return typeof stored === 'boolean' ? stored : field.default
    case 'number':
      return typeof stored === 'number' && stored >= field.min && stored <= field.max ? stored : field.default
    case 'choice':
      return typeof stored === 'string' && Object.hasOwn(field.options, stored) ? stored : field.default
  }
}
