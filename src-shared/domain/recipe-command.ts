import { diffRecipes } from './diff-recipes'
import { parseRecipe } from './recipe'

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

/** `tagwright train <project>` with what differs from the defaults. Throws `bad-recipe`. */
export function recipeCommand(
  folder: string,
  recipe: Record<string, unknown>,
  { name }: { name?: string | undefined } = {},
): string {
  const parsed = parseRecipe(recipe) as unknown as Record<string, unknown>
  const changed = diffRecipes(parseRecipe({}) as unknown as Record<string, unknown>, parsed)
  const words = ['tagwright', 'train', quote(folder)]
  const sets: string[] = []
  // A file is as good a name as that of the model which stands on it.
  const file = (parsed.model as { params: { file?: unknown } }).params.file
  if (typeof file === 'string') words.push('--model', quote(file))
  for (const { key, b } of changed) {
    const option = options[key]
    if (typeof file === 'string' && (key === 'model.id' || key === 'model.params.file')) continue
    if (key === 'model.params.features' && Array.isArray(b) && b.every((name) => !String(name).includes(','))) {
      words.push('--features', quote(b.join(',')))
      continue
    }
    if (key === 'data.trainSplits') words.push('--train-splits', quote((b as string[]).join(',')))
    else if (option && b !== null) words.push(option, quote(String(b)))
    else sets.push(quote(`${key}=${typeof b === 'string' ? b : JSON.stringify(b)}`))
  }
  if (sets.length > 0) words.push('--set', ...sets)
  if (name) words.push('--name', quote(name))
  return words.join(' ')
}

/** For POSIX shells; plain words stay as they are. */
const quote = (text: string): string => (/^[\w./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
