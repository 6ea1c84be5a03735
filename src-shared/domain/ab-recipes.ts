/** One recipe as two that differ by the model's surgery alone: what a block brings is the difference of their scores. */
import { TagwrightError } from '../base/errors'
import { parseRecipe } from './recipe'
import { type RecipeTree, deleteRecipeKey, getRecipeKey } from './recipe-key'

/** @returns without and with blocks, of the same seed. @throws `bad-recipe` when there is nothing to leave out. */
export function abRecipes(recipe: Record<string, unknown>): { a: RecipeTree; b: RecipeTree } {
  parseRecipe(recipe)
  const edits = getRecipeKey(recipe, 'model.surgery')
  if (!Array.isArray(edits) || edits.length === 0)
    throw new TagwrightError(
      'bad-recipe',
      `An A/B run compares a model with and without blocks, and the recipe has none. Name one, e.g. --set 'model.surgery=[{"id":"eca","after":"dark4"}]'.`,
      { key: 'model.surgery' },
    )
  const a = JSON.parse(JSON.stringify(recipe)) as RecipeTree
  deleteRecipeKey(a, 'model.surgery')
  return { a, b: JSON.parse(JSON.stringify(recipe)) as RecipeTree }
}
