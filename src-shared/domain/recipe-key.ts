/** Dotted recipe keys as in `--set optimizer.lr=0.002`: reading and writing one place of a recipe. */
import { TagwrightError } from '../base/errors'

export type RecipeTree = Record<string, unknown>

const isTree = (value: unknown): value is RecipeTree =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** undefined: the recipe does not say. */
export function getRecipeKey(tree: RecipeTree, key: string): unknown {
  let node: unknown = tree
  for (const part of key.split('.')) node = isTree(node) && Object.hasOwn(node, part) ? node[part] : undefined
  return node
}

/** Throws `bad-recipe` for a key that no recipe can have, and when a part of the path holds no object. */
export function setRecipeKey(tree: RecipeTree, key: string, value: unknown): void {
  const path = key.split('.')
  // zod would drop it without a word.
  if (path.includes('__proto__')) throw new TagwrightError('bad-recipe', `The recipe has no key "${key}".`, { key })
  let node = tree
  for (const part of path.slice(0, -1)) {
    const inner = Object.hasOwn(node, part) ? node[part] : undefined
    if (inner === undefined) node = node[part] = {}
    else if (isTree(inner)) node = inner
    else {
      const holds = JSON.stringify(inner)
      throw new TagwrightError('bad-recipe', `The recipe key "${key}" cannot be set: "${part}" holds ${holds}.`, {
        key,
      })
    }
  }
  node[path.at(-1)!] = value
}

/** Takes a key out, and the objects that are empty without it. */
export function deleteRecipeKey(tree: RecipeTree, key: string): void {
  const [first, ...rest] = key.split('.')
  const inner = Object.hasOwn(tree, first) ? tree[first] : undefined
  if (rest.length === 0) delete tree[first]
  else if (isTree(inner)) {
    deleteRecipeKey(inner, rest.join('.'))
    if (Object.keys(inner).length === 0) delete tree[first]
  }
}
