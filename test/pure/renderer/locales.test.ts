import { describe, expect, it } from 'vitest'
import { recipeForm } from '@shared/catalog/recipe-form'

type Messages = { [key: string]: string | Messages }
const files = import.meta.glob<Messages>('../../../src-renderer/locales/*/*.ts', { eager: true, import: 'default' })

/** `area.key.key` -> text. */
function flatten(messages: Messages, prefix: string): [string, string][] {
  return Object.entries(messages).flatMap(([key, value]) =>
    typeof value === 'string' ? [[`${prefix}.${key}`, value] as [string, string]] : flatten(value, `${prefix}.${key}`),
  )
}
const languages = new Map<string, Map<string, string>>()
for (const [path, messages] of Object.entries(files)) {
  const [, language, area] = /locales\/([^/]+)\/([^/]+)\.ts$/.exec(path)!
  const all = languages.get(language) ?? new Map<string, string>()
  for (const [key, text] of flatten(messages, area)) all.set(key, text)
  languages.set(language, all)
}
// The core tells the fields of the recipe in English itself.
for (const { key, title, help } of recipeForm())
  for (const [kind, text] of Object.entries({ title, help }))
    languages.get('en')!.set(`recipe.${key.replaceAll('.', '_')}.${kind}`, text)
// What stands before an English sentence of the core: each has to be a code of the sources.
const sources = Object.values(
  import.meta.glob<string>(['../../../src-{shared,main,worker,renderer}/**/*.ts', '!**/locales/**'], {
    eager: true,
    query: '?raw',
    import: 'default',
  }),
).join('\n')
const codes = [...languages.get('zh')!.keys()].filter((key) => key.startsWith('codes.'))
for (const key of codes) languages.get('zh')!.delete(key)
const placeholders = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()

describe('locales', () => {
  const [english, chinese] = [languages.get('en')!, languages.get('zh')!]

  it('say the same things in English and Chinese', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
  })
  it('have words for codes that there are', () => {
    const unknown = codes.map((key) => key.slice('codes.'.length)).filter((code) => !sources.includes(`'${code}'`))
    expect(unknown).toEqual([])
  })
  it('fill in the same values', () => {
    const different = [...english].filter(([key, text]) => {
      const other = chinese.get(key)
      return other !== undefined && placeholders(text).join() !== placeholders(other).join()
    })
    expect(different).toEqual([])
  })
  it('have no empty text but those that say that there is nothing to say', () => {
    const empty = [...english, ...chinese].filter(([key, text]) => text.trim() === '' && !key.endsWith('.fix'))
    expect(empty).toEqual([])
  })
})
