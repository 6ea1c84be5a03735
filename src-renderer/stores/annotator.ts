/**
 * The annotator's state that its parts and its actions share: the editor, the image that is shown, what is selected,
 * the label of new shapes, and the one way a gesture is stored.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { toErrorShape } from '@shared/base/errors'
import type { Annotation } from '@shared/contract/annotations'
import type { Sample } from '@shared/contract/samples'
import type { ShapeKind } from '@shared/domain/annotation'
import type { Box, Point } from '@shared/domain/geometry'
import type { Editor, EditReason, FailedCommit, ToolId } from '../editor/editor'
import { translate } from '../locales'
import { api } from '../client/api'
import { useAnnotations, type AnnotationEdit } from './annotations'
import { useHistory } from './history'
import { useLabels } from './labels'
import { useNavigation } from './navigation'
import { useNotify } from './notify'
import { useOverlays } from './overlays'
import { useSamples } from './samples'
import { useSession } from './session'

/** A question for the label of a shape, shown as a popup. */
export interface LabelQuestion {
  /** Each question is a popup of its own. */
  id: number
  /** Screen point inside the canvas; null: in its middle. */
  at: Point | null
  kind: ShapeKind
  /** Label that is chosen when nothing is typed. */
  initial: number | null
  answer(label: number | null): void
}

export const useAnnotator = defineStore('annotator', () => {
  const samples = useSamples()
  const annotations = useAnnotations()
  const labels = useLabels()
  const notify = useNotify()
  const session = useSession()

  const editor = shallowRef<Editor | null>(null)
  const tool = ref<ToolId>('select')
  const selection = shallowRef<readonly number[]>([])
  const hovered = ref<number | null>(null)
  const cursor = shallowRef<{ point: Point; size: readonly [number, number] | null } | null>(null)
  const scale = ref(1)
  const question = shallowRef<LabelQuestion | null>(null)
  const failed = shallowRef<readonly FailedCommit[]>([])
  /** Read out by screen readers. */
  const announcement = ref('')
  /** Label of new shapes without asking; null: ask each time. */
  const fixedLabel = ref<number | null>(null)
  /** The label used last: what the popup proposes. */
  const lastLabel = ref<number | null>(null)
  const hiddenLabels = ref<ReadonlySet<number>>(new Set())
  const showAnnotations = ref(true)
  const brightness = ref(0)
  const contrast = ref(0)
  const autoLevels = ref(false)
  const dialog = ref<null | 'jump' | 'paste'>(null)
  /** Shapes copied with Ctrl+C, kept across images. */
  const clipboard = shallowRef<readonly Pick<Annotation, 'label' | 'shape' | 'flags'>[]>([])

  const sampleId = computed(() => annotations.sample)
  const row = shallowRef<Sample | null>(null)
  const selected = computed(() => {
    const ids = new Set(selection.value)
    return annotations.list.filter((one) => ids.has(one.id))
  })
  const place = computed(() => samples.indexOf(sampleId.value))

  watch(
    () => (sampleId.value === null ? undefined : samples.rows.get(sampleId.value)),
    (now) => {
      if (now && now.id === sampleId.value) row.value = now
    },
  )
  // Ids of another project mean something else.
  watch(
    () => useSession().project?.folder,
    (now, before) => {
      if (before === undefined || now === before) return
      samples.rows.clear()
      samples.query = { ...samples.query, filter: {} }
      useOverlays().boxes.clear()
      clipboard.value = []
      failed.value = []
      hiddenLabels.value = new Set()
      void close()
    },
  )
  // A label that is gone cannot be the label of new shapes.
  watch(
    () => labels.byId,
    (byId) => {
      const usable = (id: number | null) => (id !== null && byId.get(id)?.gap === false ? id : null)
      fixedLabel.value = usable(fixedLabel.value)
      lastLabel.value = usable(lastLabel.value)
    },
  )

  /** Stores one gesture; used by the editor and by the panels beside it. */
  async function commit(
    reason: EditReason | 'Change attributes' | 'Edit coordinates',
    changes: AnnotationEdit[],
    options: { merge?: boolean } = {},
  ): Promise<readonly number[]> {
    const ids = await annotations.apply(reason, changes, options)
    for (const change of changes) if (change.op === 'add') lastLabel.value = change.label
    return ids
  }
  /** As `commit`, for panels: an error is shown instead of thrown. */
  function store(...args: Parameters<typeof commit>): Promise<readonly number[] | undefined> {
    return notify.attempt(() => commit(...args))
  }

  /** Asks once more when the connection falls before the answer: the second question waits until it is back. */
  async function rowOf(id: number): Promise<Sample | null> {
    try {
      return await samples.get(id)
    } catch (error) {
      if (toErrorShape(error).code !== 'disconnected') throw error
      return samples.get(id)
    }
  }
  /** Shows an image; refused while a gesture of this one could not be stored. */
  async function open(id: number): Promise<boolean> {
    if (failed.value.length > 0) {
      notify.warning(translate('label.failed.stay'))
      return false
    }
    if (id === sampleId.value) return true
    editor.value?.finish()
    editor.value?.cancel()
    answer(null)
    samples.pinned = id
    row.value = samples.rows.get(id) ?? null
    if (useNavigation().view === 'label') useNavigation().go('label', { sample: id }, { replace: true })
    const loaded = annotations.open(id)
    let found: Sample | null
    try {
      found = await rowOf(id)
    } catch (error) {
      notify.error(error)
      return false
    }
    if (sampleId.value !== id) return true
    row.value = found
    if (found === null) {
      notify.warning(translate('label.gone'))
      await close()
      return false
    }
    await loaded
    return true
  }
  /** Shows no image. */
  async function close(): Promise<void> {
    row.value = null
    samples.pinned = null
    if (useNavigation().view === 'label') useNavigation().go('label', {}, { replace: true })
    await annotations.open(null)
  }
  /** The image `step` places on in the gallery's order; stays at the ends. */
  async function step(by: number): Promise<void> {
    if (samples.ids.length === 0) return
    const from = place.value
    const to = from < 0 ? 0 : Math.min(Math.max(from + by, 0), samples.ids.length - 1)
    if (to === from) {
      notify.info(translate(by > 0 ? 'label.atEnd' : 'label.atStart'))
      return
    }
    await open(samples.ids[to])
  }
  async function goUnlabelled(direction: 'next' | 'previous'): Promise<void> {
    const { filter, sort, descending } = samples.query
    const { sample } = await api.samples.neighbour({
      filter,
      sort,
      descending,
      sample: sampleId.value ?? 0,
      direction,
      want: 'unlabelled',
      wrap: true,
    })
    if (sample === null || sample === sampleId.value) notify.success(translate('label.noUnlabelled'))
    else await open(sample)
  }
  async function setReviewed(reviewed: boolean): Promise<void> {
    const id = sampleId.value
    if (id === null) return
    await editor.value?.settled()
    await api.samples.markReviewed({ samples: { ids: [id] }, reviewed })
    samples.patch(id, { reviewed })
    announcement.value = translate(reviewed ? 'label.announce.reviewed' : 'label.announce.notReviewed')
  }

  let questions = 0
  /** Opens the label popup; resolves with the chosen label or null. */
  function ask(asked: Omit<LabelQuestion, 'id' | 'answer'>): Promise<number | null> {
    answer(null)
    return new Promise((resolve) => {
      question.value = {
        ...asked,
        id: ++questions,
        answer(label) {
          question.value = null
          if (label !== null) lastLabel.value = label
          resolve(label)
        },
      }
    })
  }
  function answer(label: number | null): void {
    question.value?.answer(label)
  }
  async function editLabel(at: Point | null = null): Promise<void> {
    const [first] = selected.value
    if (!first) return
    const label = await ask({ at, kind: first.shape.kind, initial: first.label })
    if (label !== null) editor.value?.setLabel(label)
    editor.value?.focus()
  }
  /** A label that a person picked by its key or in the list: of the selection, else of what is drawn next. */
  /** The image's only class; taken away when it has it already. */
  function setClass(id: number): void {
    if (sampleId.value === null) return
    const sample = sampleId.value
    const classes = annotations.list.filter(({ shape }) => shape.kind === 'tag')
    const [first, ...others] = classes
    const change: AnnotationEdit[] =
      first === undefined
        ? [{ op: 'add', sample, label: id, shape: { kind: 'tag' } }]
        : classes.some(({ label }) => label === id)
          ? classes.map((one) => ({ op: 'remove', id: one.id }))
          : [{ op: 'update', id: first.id, label: id }, ...others.map((one) => ({ op: 'remove' as const, id: one.id }))]
    void store(first === undefined ? 'Add tag' : change[0].op === 'remove' ? 'Delete' : 'Change label', change)
  }
  function pickLabel(id: number): void {
    const label = labels.byId.get(id)
    if (!label || !editor.value) return
    if (session.truth === 'class') {
      setClass(id)
      announcement.value = translate('label.announce.picked', { name: label.name })
      return
    }
    if (selection.value.length > 0) {
      editor.value.setLabel(id)
      lastLabel.value = id
    } else {
      fixedLabel.value = id
      const drawing = ['box', 'rotated-box', 'polygon', 'brush', 'point', 'keypoints']
      const suits = drawing.includes(tool.value) && (tool.value === 'keypoints') === (label.skeleton !== null)
      if (!suits) editor.value.setTool(label.skeleton ? 'keypoints' : 'box')
    }
    announcement.value = translate('label.announce.picked', { name: label.name })
  }

  function fail(commit: FailedCommit): void {
    const leave = (then: () => void) => () => {
      failed.value = failed.value.filter((one) => one !== kept)
      then()
    }
    const kept: FailedCommit = { ...commit, retry: leave(commit.retry), discard: leave(commit.discard) }
    failed.value = [...failed.value, kept]
  }
  function retryFailed(): void {
    for (const one of failed.value) one.retry()
  }
  function copy(): void {
    const shapes = editor.value?.copy() ?? []
    if (shapes.length === 0) return
    clipboard.value = shapes.map(({ label, shape, flags }) => ({ label, shape, flags }))
    notify.info(translate('label.copied', { count: shapes.length }))
  }

  const history = useHistory()
  history.before.add(async () => editor.value?.settled())
  /** Undo and redo lead to where they had an effect. */
  history.$onAction(({ name, after, onError }) => {
    if (name !== 'undo' && name !== 'redo') return
    let touched: readonly number[] = []
    const stop = api.project.on('changed', (change) => (touched = change.samples ?? touched))
    onError(stop)
    after(() => {
      stop()
      const here = sampleId.value !== null && touched.includes(sampleId.value)
      if (touched.length > 0 && !here && useNavigation().view === 'label') void open(touched[0])
    })
  })

  const zoomTo = (target: 'fit' | 'width' | '100' | 'object' | Box) => editor.value?.zoomTo(target)
  return {
    editor, tool, selection, selected, hovered, cursor, scale, question, failed, announcement, fixedLabel, lastLabel,
    hiddenLabels, showAnnotations, brightness, contrast, autoLevels, dialog, clipboard, sampleId, row, place,
    commit, store, open, close, step, goUnlabelled, setReviewed, ask, answer, editLabel, pickLabel, fail, retryFailed, copy,
    zoomTo,
  } // prettier-ignore
})
