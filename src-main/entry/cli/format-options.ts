/** `--format` and `--option` of the commands that read and write data sets. */
import { TagwrightError } from '@shared/base/errors'
import { formats } from '@shared/catalog/formats'

/** For the help. */
export const formatNames = formats.ids.join(', ')

/** `key=value` texts as an object. Throws `usage`. */
export function parseFormatOptions(texts: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1).trim()]
      throw new TagwrightError('usage', `--option was given "${text}". Write key=value, e.g. --option label=mouse.`)
    }),
  )
}
