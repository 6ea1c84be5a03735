import { shellWord } from '../base/shell-word'
import { diffRecipes } from './diff-recipes'
import { parseRecipe } from './recipe'
import type { TaskId } from './task'

/** Options that the command line has for keys of the recipe. */
const options: Record<string, string> = {
  'model.id': '--model',
  'model.weights': '--weights',
  'input.size': '--size',
  epochs: '--epochs',
  'batch.size': '--batch',
  provider: '--provider',
  seed: '--seed',
  'data.evalSplit': '--eval-split',
}

/**
 * `tagwright train <project>` with what differs from the defaults of the project's task. Throws `bad-recipe`.
 */
export function recipeCommand(
  folder: string,
  recipe: Record<string, unknown>,
  {
    name,
    task = 'detect',
    sizeFollowsImages = false,
  }: { name?: string | undefined; task?: TaskId; sizeFollowsImages?: boolean } = {},
): string {
  const parsed = parseRecipe({ task, ...recipe }) as unknown as Record<string, unknown>
  const changed = diffRecipes(parseRecipe({ task }) as unknown as Record<string, unknown>, parsed)
  const words = ['tagwright', 'train', shellWord(folder)]
  const sets: string[] = []
  // A file is as good a name as that of the model which stands on it.
  const file = (parsed.model as { params: { file?: unknown } }).params.file
  if (typeof file === 'string') words.push('--model', shellWord(file))
  for (const { key, b } of changed) {
    const option = options[key]
    if (typeof file === 'string' && (key === 'model.id' || key === 'model.params.file')) continue
    if (key === 'model.params.features' && Array.isArray(b) && b.every((name) => !String(name).includes(','))) {
      words.push('--features', shellWord(b.join(',')))
      continue
    }
    if (key === 'data.trainSplits') words.push('--train-splits', shellWord((b as string[]).join(',')))
    else if (option && b !== null) words.push(option, shellWord(String(b)))
    else sets.push(shellWord(`${key}=${typeof b === 'string' ? b : JSON.stringify(b)}`))
  }
  // Where the images choose it, a side that was chosen by hand is said even if it is the usual one.
  const { input } = recipe as { input?: { size?: unknown } }
  if (sizeFollowsImages && input?.size !== undefined && !words.includes('--size'))
    words.push('--size', String(input.size))
  if (sets.length > 0) words.push('--set', ...sets)
  if (name) words.push('--name', shellWord(name))
  return words.join(' ')
}
