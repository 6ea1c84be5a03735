/**
 * The recipe's `freeze` list over time. An entry is the beginning of names, `backbone.backbone`, or that with the number of
 * epochs for which it holds, `backbone.backbone@3`: the head first, then the neck, then all.
 */
import { TagwrightError } from '../base/errors'

interface Entry {
  name: string
  /** Epochs for which it is frozen; Infinity: always. */
  epochs: number
}

/** @throws `bad-recipe` naming the entry whose number of epochs is none. */
function parseEntry(text: string): Entry {
  const at = text.lastIndexOf('@')
  if (at < 0) return { name: text, epochs: Infinity }
  const epochs = Number(text.slice(at + 1))
  if (at > 0 && Number.isInteger(epochs) && epochs > 0) return { name: text.slice(0, at), epochs }
  throw new TagwrightError(
    'bad-recipe',
    `"${text}" in "freeze" has no number of epochs after its @. Write for instance "${text.slice(0, at) || 'backbone'}@3".`,
    { entry: text },
  )
}

/** What is frozen in an epoch (0-based), without numbers of epochs. */
export const freezeAt = (freeze: readonly string[], epoch: number): string[] =>
  freeze
    .map(parseEntry)
    .filter(({ epochs }) => epoch < epochs)
    .map(({ name }) => name)

/** Epochs (0-based) before which something thaws, rising. */
export const thaws = (freeze: readonly string[]): number[] =>
  [...new Set(freeze.map((text) => parseEntry(text).epochs))].filter(Number.isFinite).sort((a, b) => a - b)
