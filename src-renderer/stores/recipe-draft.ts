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
  /** Path of the ONNX file that a new head is put on; null: a model of the catalog is trained. */
  const networkFile = computed(() => {
    const id = get('model.id')
    return typeof id === 'string' && /\.onnx$/i.test(id) ? id : null
  })
  /** Puts a new head on the network of a file. `features` empty: the recipe suggests them. */
  function trainNetwork(file: string, { features, freeze }: { features: string[]; freeze: string[] }): void {
    const next = copy(recipe.value)
    setRecipeKey(next, 'model', { id: file, ...(features.length > 0 ? { params: { features: [...features] } } : {}) })
    deleteRecipeKey(next, 'freeze')
    if (freeze.length > 0) setRecipeKey(next, 'freeze', freeze)
    replace(next)
  }
  /** A model of the catalog. What was chosen in the network of a file goes with it. */
  function chooseModel(id: string): void {
    if (networkFile.value !== null) {
      const next = copy(recipe.value)
      deleteRecipeKey(next, 'model')
      deleteRecipeKey(next, 'freeze')
      replace(next)
    }
    set('model.id', id)
  }
  /** Starts a model of the catalog from a file. */
  function startFrom(file: string): void {
    const id = form.value && getRecipeKey(form.value.defaults, 'model.id')
    if (networkFile.value !== null && typeof id === 'string') chooseModel(id)
    set('model.weights', file)
  }
  /**
   * A preset sets its own keys and keeps the data, the model's start weights and the machine; the network of a file, with
   * what is frozen in it, stays too.
   */
  function usePreset(id: string): void {
    const chosen = form.value?.presets.find((one) => one.id === id)
    if (!chosen) return
    const next = copy(chosen.recipe)
    const model = networkFile.value === null ? ['model.weights'] : ['model', 'freeze']
    for (const key of ['data', ...model, 'provider', 'seed']) {
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
  return {
    form,
    models,
    model,
    recipe,
    preset,
    name,
    networkFile,
    field,
    get,
    set,
    replace,
    trainNetwork,
    chooseModel,
    startFrom,
    usePreset,
    read,
  }
})
