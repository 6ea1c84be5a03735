/** The recipe that the train panel is about to start: only what differs from the defaults, kept while the window is open. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { deleteRecipeKey, getRecipeKey, setRecipeKey, type RecipeTree } from '@shared/domain/recipe-key'
import type { ModelInfo, RecipeField } from '@shared/contract/training'
import { api } from '../client/api'
import { latest } from '../client/latest'
import { useNotify } from './notify'
import { useSession } from './session'

type Form = Awaited<ReturnType<typeof api.training.form>>

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
const copy = (tree: RecipeTree): RecipeTree => JSON.parse(JSON.stringify(tree)) as RecipeTree

export const useRecipeDraft = defineStore('recipeDraft', () => {
  const session = useSession()
  const notify = useNotify()
  const form = shallowRef<Form | null>(null)
  const models = shallowRef<readonly ModelInfo[]>([])
  /** What was chosen; keys at their default are absent. */
  const recipe = ref<RecipeTree>({})
  const preset = ref<string | null>('balanced')
  const name = ref('')

  const field = (key: string): RecipeField | undefined => form.value?.fields.find((one) => one.key === key)
  /** The chosen value, else the default. */
  function get(key: string): unknown {
    return getRecipeKey(recipe.value, key) ?? getRecipeKey(form.value?.defaults ?? {}, key)
  }
  function set(key: string, value: unknown): void {
    const next = copy(recipe.value)
    if (value === undefined || same(value, getRecipeKey(form.value?.defaults ?? {}, key))) deleteRecipeKey(next, key)
    else setRecipeKey(next, key, value)
    recipe.value = next
    preset.value = null
  }
  function replace(next: RecipeTree, from: string | null = null): void {
    recipe.value = copy(next)
    preset.value = from
  }
  /** A preset sets its own keys and keeps the data, the model's start weights and the machine. */
  function usePreset(id: string): void {
    const chosen = form.value?.presets.find((one) => one.id === id)
    if (!chosen) return
    const next = copy(chosen.recipe)
    for (const key of ['data', 'model.weights', 'provider', 'seed']) {
      const kept = getRecipeKey(recipe.value, key)
      if (kept !== undefined) setRecipeKey(next, key, kept)
    }
    replace(next, id)
  }

  const size = computed(() => Number(get('input.size') ?? 320))
  const model = computed(() => models.value.find(({ id }) => id === get('model.id')))
  const readModels = latest(async () => {
    models.value = (await api.training.models({ size: size.value })).models
  })
  const read = latest(async () => {
    if (!session.project) return
    form.value = await api.training.form()
    if (preset.value && Object.keys(recipe.value).length === 0) usePreset(preset.value)
    await readModels()
  })
  watch(
    () => session.project?.folder,
    () => {
      recipe.value = {}
      preset.value = 'balanced'
      name.value = ''
      void notify.attempt(read)
    },
    { immediate: true },
  )
  watch(size, () => void notify.attempt(readModels))
  return { form, models, model, recipe, preset, name, field, get, set, replace, usePreset, read }
})
