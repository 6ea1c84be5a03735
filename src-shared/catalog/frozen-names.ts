/** The recipe's `freeze` list as a question about names. */
import { TagwrightError } from '../base/errors'
import type { ModelDef } from './models/define'

/**
 * Entries are prefixes of names (`backbone.`), or `before:<node>` for all that lies before a node of an imported network.
 * @throws `bad-recipe` when the model has no such node.
 */
export function frozenNames(
  model: ModelDef,
  params: Record<string, unknown>,
  freeze: readonly string[],
): (name: string) => boolean {
  const exact = new Set<string>()
  const prefixes: string[] = []
  for (const entry of freeze) {
    if (!entry.startsWith('before:')) prefixes.push(entry)
    else if (model.before) for (const name of model.before(entry.slice(7), params)) exact.add(name)
    else
      throw new TagwrightError(
        'bad-recipe',
        `"${entry}" in "freeze" is for imported networks; ${model.title} freezes by the beginnings of names, e.g. backbone.`,
        { entry },
      )
  }
  return (name) => exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix))
}
