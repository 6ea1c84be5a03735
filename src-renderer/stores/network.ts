/** The network that the model viewer shows, and what is chosen in it: a node, features for a new head, where training begins. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { toErrorShape, type ErrorShape } from '@shared/base/errors'
import type { Network, NetworkNode, NetworkSource } from '@shared/contract/models'
import { api } from '../client/api'
import { openAtFirst, scopesAbove } from '../panels/models/group-nodes'
import { nodeStates, type TrainingChoice } from '../panels/models/node-states'
import { useSession } from './session'

export const useNetwork = defineStore('network', () => {
  const session = useSession()
  const source = ref<NetworkSource | null>(null)
  const network = shallowRef<Network | null>(null)
  const problem = shallowRef<ErrorShape | null>(null)
  const loading = ref(false)
  let stop: AbortController | null = null

  /** Index of the node that is looked at. */
  const selected = ref<number | null>(null)
  /** Parts of the network that are not folded. */
  const open = shallowRef<ReadonlySet<string>>(new Set())
  const features = ref<string[]>([])
  const from = ref<TrainingChoice['from']>(null)
  /** Only ONNX files can be put under a new head. */
  const isFile = computed(() => source.value?.kind === 'file')

  const states = computed(() =>
    network.value ? nodeStates(network.value, { features: features.value, from: from.value }) : [],
  )
  const suggested = computed(() => {
    const all = network.value?.suggested
    return (session.truth === 'class' ? all?.classify : all?.detect) ?? null
  })
  /** Node by the name of a value that it makes. */
  const makerOf = (value: string): number =>
    network.value?.nodes.findIndex(({ outputs }) => outputs.some(({ name }) => name === value)) ?? -1

  async function load(next: NetworkSource): Promise<void> {
    stop?.abort()
    const own = (stop = new AbortController())
    source.value = next
    network.value = null
    problem.value = null
    selected.value = null
    features.value = []
    from.value = null
    loading.value = true
    try {
      const found = await api.models.describe({ source: next }, { signal: own.signal })
      if (stop !== own) return
      network.value = found
      open.value = openAtFirst(found)
      if (next.kind === 'file') features.value = [...(suggested.value ?? [])]
    } catch (thrown) {
      if (stop === own) problem.value = toErrorShape(thrown)
    } finally {
      if (stop === own) loading.value = false
    }
  }
  function close(): void {
    stop?.abort()
    stop = null
    source.value = null
    network.value = null
    problem.value = null
    loading.value = false
  }
  // Runs, and the number of classes, are a project's.
  watch(
    () => session.project?.folder,
    (_, before) => before !== undefined && source.value && source.value.kind !== 'file' && close(),
  )
  /** Shows a node: what it is part of is unfolded. */
  function select(node: number | null): void {
    selected.value = node
    if (node === null || !network.value) return
    const above = scopesAbove(network.value.nodes[node].scope)
    if (above.some((scope) => !open.value.has(scope))) open.value = new Set([...open.value, ...above])
  }
  function fold(scope: string, folded: boolean): void {
    const next = new Set(open.value)
    if (folded) next.delete(scope)
    else next.add(scope)
    open.value = next
  }
  function toggleFeature({ feature }: NetworkNode): void {
    if (!feature) return
    const { name } = feature
    features.value = features.value.includes(name)
      ? features.value.filter((one) => one !== name)
      : [...features.value, name].toSorted((a, b) => makerOf(a) - makerOf(b))
  }
  const same = (a: NetworkSource, b: NetworkSource): boolean => JSON.stringify(a) === JSON.stringify(b)
  return {
    source,
    network,
    problem,
    loading,
    selected,
    open,
    features,
    from,
    isFile,
    states,
    suggested,
    makerOf,
    load,
    close,
    select,
    fold,
    toggleFeature,
    same,
  }
})
