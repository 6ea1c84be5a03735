import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { checkRecipe } from '@shared/catalog/check-recipe'
import { modelInfo } from '@shared/catalog/model-info'
import { models } from '@shared/catalog/models'
import { presetsOf } from '@shared/catalog/presets'
import { augmentForms, recipeForm } from '@shared/catalog/recipe-form'
import { describeRunLength, runLength } from '@shared/catalog/small-data'
import { tasks } from '@shared/catalog/tasks'
import type { ServiceHandlers } from '@shared/contract/rpc'
import type { ModelInfo, trainingContract } from '@shared/contract/training'
import { diffRecipes } from '@shared/domain/diff-recipes'
import { taskSchema } from '@shared/domain/task'
import { parseRecipe } from '@shared/domain/recipe'
import { recipeCommand } from '@shared/domain/recipe-command'
import { needStore, type JobDeps } from '../jobs/job-deps'
import { projectRecipe, sizeFollowsImages } from '../jobs/project-recipe'
import type { Queue } from '../jobs/queue'
import { writeAtomic } from '../jobs/write-atomic'
import { defaultRatios, isUndivided } from '../store/assign-splits'
import { checkHealth } from '../store/health'
import { listLabels } from '../store/label'

export function createTrainingService(deps: JobDeps, queue: () => Queue): ServiceHandlers<typeof trainingContract> {
  const known = new Map<string, ModelInfo>()
  const recipesFolder = () => join(needStore(deps).folder, 'recipes')
  const task = () => taskSchema.catch('detect').parse(deps.store()?.project.task)
  /** As it was given, for the project's task. @throws `bad-recipe`, `unknown-id`. */
  const ofProject = (recipe: Record<string, unknown>) => {
    const store = deps.store()
    const given = store ? projectRecipe(store, recipe) : { task: task(), ...recipe }
    checkRecipe(parseRecipe(given))
    return given
  }
  const full = (recipe: Record<string, unknown>) => parseRecipe(ofProject(recipe)) as unknown as Record<string, unknown>
  return {
    form: () => ({
      fields: recipeForm(task()),
      presets: presetsOf(tasks.get(task())),
      augments: augmentForms(),
      defaults: full({}),
    }),
    models({ size, classes: given }) {
      const store = deps.store()
      const classes = given ?? ((store && listLabels(store.db).length) || 80)
      const shown = models.entries().flatMap(([id, one]) => (one.needsFile || one.task !== task() ? [] : [id]))
      return {
        models: shown.map((id) => {
          const key = `${id} ${classes} ${size}`
          const info = known.get(key) ?? modelInfo(id, classes, size)
          known.set(key, info)
          return info
        }),
      }
    },
    check: ({ recipe }) => ({ recipe: full(recipe) }),
    diff: ({ a, b }) => ({ keys: diffRecipes(full(a), full(b)) }),
    command: ({ recipe, name }) => ({
      command: recipeCommand(needStore(deps).folder, recipe, {
        name,
        task: task(),
        sizeFollowsImages: sizeFollowsImages(task()),
      }),
    }),
    recipes() {
      const folder = recipesFolder()
      if (!existsSync(folder)) return { recipes: [] }
      const recipes = readdirSync(folder)
        .filter((file) => file.endsWith('.json'))
        .sort()
        .flatMap((file) => {
          const path = join(folder, file)
          try {
            const recipe = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
            return [{ name: file.slice(0, -5), recipe, savedAt: statSync(path).mtime.toISOString() }]
          } catch {
            return []
          }
        })
      return { recipes }
    },
    async saveRecipe({ name, recipe }) {
      parseRecipe(recipe)
      mkdirSync(recipesFolder(), { recursive: true })
      await writeAtomic(join(recipesFolder(), `${name}.json`), [JSON.stringify(recipe, null, 2), '\n'])
    },
    removeRecipe({ name }) {
      const file = join(recipesFolder(), `${name}.json`)
      if (/[\\/]/.test(name) || !existsSync(file)) {
        throw new TagwrightError('not-found', `There is no recipe "${name}". List them again.`, { name })
      }
      rmSync(file)
    },
    health: (splits) => checkHealth(needStore(deps).db, splits),
    findDuplicates() {
      needStore(deps)
      return { job: queue().add('find-duplicates', {}).id }
    },
    estimate(input) {
      needStore(deps)
      return { job: queue().add('estimate', { ...input, recipe: ofProject(input.recipe) }).id }
    },
    advise({ recipe: given }) {
      needStore(deps)
      const { data, batch, model, task: id } = parseRecipe(ofProject(given))
      const task = tasks.get(id)
      const { images: counts } = checkHealth(needStore(deps).db, data)
      // Without splits the start divides them.
      const images = isUndivided(needStore(deps))
        ? Math.round(defaultRatios.train * counts.none)
        : data.trainSplits.reduce((sum, split) => sum + counts[split], 0)
      const size = batch.size === 'auto' ? Math.max(1, Math.min(8, images)) : batch.size
      const items = task.items?.(data, images) ?? images
      const stepsPerEpoch = Math.max(1, Math.floor(items / size / batch.accumulate))
      const fromWeights = model.weights !== null || models.get(model.id).needsFile === true
      const length = runLength(images, stepsPerEpoch, fromWeights, task)
      const { trial, ...rest } = length
      return {
        ...rest,
        images,
        trial: trial && { images: trial.images, steps: trial.steps, AP50: trial.AP50 },
        text: describeRunLength(length, images),
      }
    },
    preview(input) {
      needStore(deps)
      return { job: queue().add('preview', { ...input, recipe: ofProject(input.recipe) }).id }
    },
  }
}
