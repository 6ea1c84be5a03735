/** What is drawn on the current image: read once, then patched by every change made here and read again on others'. */
import { defineStore } from 'pinia'
import { ref, shallowRef, watch } from 'vue'
import { TagwrightError } from '@shared/base/errors'
import type { Annotation, AnnotationChange, annotationChangeSchema } from '@shared/contract/annotations'
import { noFlags } from '@shared/domain/annotation'
import type { Attributes } from '@shared/domain/attribute'
import type { z } from 'zod'
import { api, connection } from '../client/api'

export type AnnotationEdit = z.input<typeof annotationChangeSchema>

export const useAnnotations = defineStore('annotations', () => {
  const sample = ref<number | null>(null)
  /** In drawing order. */
  const list = shallowRef<readonly Annotation[]>([])
  const state = ref<'none' | 'loading' | 'ready' | 'failed'>('none')
  const error = shallowRef<unknown>(null)
  /** Changes sent and not yet answered. */
  const saving = ref(0)
  /** Revisions made here, newest last: their announcement needs no reading. */
  const own = new Set<number>()
  /** Revisions announced while changes were under way: own ones are told apart when those are answered. */
  const announced = new Set<number>()
  let reading = 0

  async function read(id: number): Promise<void> {
    const turn = ++reading
    try {
      const answer = await api.annotations.list({ sample: id })
      if (turn !== reading || sample.value !== id) return
      list.value = answer.annotations
      state.value = 'ready'
      error.value = null
    } catch (thrown) {
      if (turn !== reading || sample.value !== id) return
      // With the list still on screen a lost connection is told elsewhere; the next one reads again.
      if (state.value !== 'ready') {
        state.value = 'failed'
        error.value = thrown
      }
    }
  }
  function refresh(): Promise<void> {
    return sample.value === null ? Promise.resolve() : read(sample.value)
  }

  /** Shows another image's annotations; resolves when they are there. */
  async function open(id: number | null): Promise<void> {
    if (id === sample.value && state.value !== 'failed') return
    sample.value = id
    list.value = []
    state.value = id === null ? 'none' : 'loading'
    error.value = null
    if (id !== null) await read(id)
  }

  /**
   * Stores one gesture as one undo step. Answers the id of every change's annotation, in order. When the wire fell
   * before the answer, what is stored now decides whether the gesture was done, so that a repeat cannot double it.
   */
  async function apply(
    reason: string,
    changes: AnnotationEdit[],
    { merge = false }: { merge?: boolean } = {},
  ): Promise<readonly number[]> {
    saving.value++
    try {
      const at = sample.value
      const { ids, revision } = await api.annotations.apply({ reason, changes, merge })
      own.add(revision)
      if (own.size > 200) own.delete(own.values().next().value!)
      if (at === sample.value) list.value = patch(list.value, at, changes as AnnotationChange[], ids)
      return ids
    } catch (thrown) {
      if (thrown instanceof TagwrightError && thrown.code === 'disconnected') {
        const ids = await wasDone(changes as AnnotationChange[], new Set(list.value.map((one) => one.id)))
        if (ids) return ids
      }
      if (thrown instanceof TagwrightError && thrown.code === 'not-found') {
        const left = await stillThere(changes as AnnotationChange[])
        if (left.length < changes.length) {
          await refresh()
          const ids = left.length > 0 ? await apply(reason, left, { merge }) : []
          return changes.map(
            (change) => ids[left.indexOf(change as AnnotationEdit)] ?? (change.op === 'add' ? -1 : change.id),
          )
        }
      }
      throw thrown
    } finally {
      saving.value--
      if (saving.value === 0) {
        const foreign = [...announced].some((revision) => !own.has(revision))
        announced.clear()
        if (foreign) void refresh()
      }
    }
  }

  api.project.on('changed', ({ revision }) => {
    if (own.has(revision)) return
    // Own changes are announced before they are answered.
    if (saving.value > 0) announced.add(revision)
    else void refresh()
  })
  watch(
    () => connection.epoch,
    () => {
      own.clear()
      void refresh()
    },
  )
  return { sample, list, state, error, saving, open, apply, refresh }
})

/** The list as the core has it after the changes. */
function patch(
  list: readonly Annotation[],
  sample: number | null,
  changes: readonly AnnotationChange[],
  ids: readonly number[],
): readonly Annotation[] {
  const byId = new Map(list.map((annotation) => [annotation.id, annotation]))
  changes.forEach((change, i) => {
    switch (change.op) {
      case 'add':
        if (change.sample !== sample) return
        byId.set(ids[i], {
          id: ids[i],
          sample,
          label: change.label,
          shape: change.shape,
          flags: { ...noFlags, ...change.flags },
          hidden: change.hidden ?? false,
          locked: change.locked ?? false,
          area: null,
          z: change.z ?? 0,
          provenance: change.provenance ?? null,
          attributes: joinAttributes({}, change.attributes),
          extra: change.extra ?? null,
        })
        return
      case 'update': {
        const old = byId.get(change.id)
        if (!old) return
        const { op: _, id, flags, attributes, ...given } = change
        const rest = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
        byId.set(id, {
          ...old,
          ...rest,
          ...(change.shape ? { area: null } : {}),
          flags: { ...old.flags, ...flags },
          attributes: joinAttributes(old.attributes, attributes),
        })
        return
      }
      case 'remove':
        byId.delete(change.id)
    }
  })
  return [...byId.values()].sort((a, b) => a.z - b.z || a.id - b.id)
}

/** null takes a value away. */
function joinAttributes(old: Attributes, change: Record<string, Attributes[string] | null> = {}): Attributes {
  const entries = Object.entries({ ...old, ...change })
  return Object.fromEntries(entries.filter((entry): entry is [string, Attributes[string]] => entry[1] !== null))
}

/**
 * Without the changes of annotations that were undone or removed elsewhere in the meantime: there is nothing left that
 * they could change, and trying again would not bring it back.
 */
async function stillThere(changes: readonly AnnotationChange[]): Promise<AnnotationEdit[]> {
  const { sample } = useAnnotations()
  if (sample === null) return [...changes]
  const there = new Set((await api.annotations.list({ sample })).annotations.map((one) => one.id))
  return changes.filter((change) => change.op === 'add' || there.has(change.id))
}

/** After a lost answer: the ids when every change is found stored, null when not. */
async function wasDone(changes: readonly AnnotationChange[], known: ReadonlySet<number>): Promise<number[] | null> {
  const samples = new Set(changes.flatMap((change) => (change.op === 'add' ? [change.sample] : [])))
  const store = useAnnotations()
  if (store.sample !== null) samples.add(store.sample)
  const stored: Annotation[] = []
  for (const sample of samples) stored.push(...(await api.annotations.list({ sample })).annotations)
  const used = new Set<number>()
  const ids: number[] = []
  for (const change of changes) {
    const found = stored.find((one) => {
      if (used.has(one.id)) return false
      if (change.op === 'add') {
        return !known.has(one.id) && one.sample === change.sample && one.label === change.label && same(one.shape, change.shape) // prettier-ignore
      }
      if (one.id !== change.id || change.op === 'remove') return false
      const { op: _, id: __, flags, attributes, ...rest } = change
      return (
        same(joinAttributes(one.attributes, attributes), one.attributes) &&
        Object.entries(rest).every(
          ([key, value]) => value === undefined || same(one[key as keyof Annotation], value),
        ) &&
        Object.entries(flags ?? {}).every(([key, value]) => one.flags[key as keyof Annotation['flags']] === value)
      )
    })
    if (change.op === 'remove') {
      if (stored.some((one) => one.id === change.id)) return null
      ids.push(change.id)
      continue
    }
    if (!found) return null
    used.add(found.id)
    ids.push(found.id)
  }
  return ids
}
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
