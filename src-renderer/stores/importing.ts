/** Bringing data in: what is to be imported, how, how far it is, and what came of it. The dialog shows this. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { toErrorShape, type ErrorShape } from '@shared/base/errors'
import type { ImportReport } from '@shared/contract/datasets'
import type { Split } from '@shared/domain/split'
import { api } from '../client/api'
import { isVideo, type Dropped, type DroppedFile } from '../client/dropped'
import { uploadFiles, uploadWeights, type UploadProgress } from '../client/upload'
import { translate } from '../locales'
import { latest } from '../client/latest'
import { useJobs } from './jobs'
import { useNavigation } from './navigation'
import { useNotify } from './notify'
import { usePicker } from './picker'
import { useRecents } from './recents'
import { useSession } from './session'
import { useVideo } from './video'

export interface FormatMatch {
  id: string
  title: string
  /** 0..1 */
  score: number
}
export interface ImportSource {
  root: string
  matches: FormatMatch[]
}

export const useImporting = defineStore('importing', () => {
  const session = useSession()
  const jobs = useJobs()
  const notify = useNotify()
  const picker = usePicker()
  const recents = useRecents()

  const stage = ref<'closed' | 'choose' | 'running' | 'report'>('closed')
  /** A new project is wanted first; the wizard asks for it and the import goes on afterwards. */
  const wizard = ref(false)
  const paths = ref<string[]>([])
  const files = shallowRef<readonly DroppedFile[]>([])
  const sources = ref<ImportSource[]>([])
  const matching = ref(false)
  const format = ref('auto')
  const split = ref<Split | 'auto'>('auto')
  const labels = ref<string | null>(null)
  const copy = ref(false)
  const formats = ref<{ id: string; title: string; label: string | null }[]>([])
  /** Class of all objects, where the files name none. */
  const label = ref('')
  const problem = ref<ErrorShape | null>(null)
  const job = ref<number | null>(null)
  const sent = ref<UploadProgress | null>(null)
  const report = shallowRef<ImportReport | null>(null)
  let stopUpload: AbortController | null = null

  const isEmpty = computed(() => paths.value.length === 0 && files.value.length === 0)
  /** Best formats of all sources; more than one of the same score needs a choice. */
  const candidates = computed(() => {
    const all = sources.value.flatMap((source) => source.matches)
    return [...new Map(all.map((match) => [match.id, match])).values()].toSorted((a, b) => b.score - a.score)
  })
  const isAmbiguous = computed(() => sources.value.some(({ matches: [a, b] }) => a && b && a.score === b.score))

  /** The format that all sources will be read as; null: they differ, or it is not known yet. */
  const resolved = computed(() => {
    if (format.value !== 'auto') return format.value
    const [first, ...others] = sources.value.map(({ matches }) => matches[0]?.id)
    return first !== undefined && !isAmbiguous.value && others.every((id) => id === first) ? first : null
  })
  /** What the class is called when nobody says; null: the files name their classes. */
  const proposedLabel = computed(() => formats.value.find(({ id }) => id === resolved.value)?.label ?? null)

  const match = latest(async () => {
    sources.value = []
    problem.value = null
    if (paths.value.length === 0 || session.project === null) return
    matching.value = true
    try {
      sources.value = (await api.datasets.match({ paths: [...paths.value] })).sources
    } catch (thrown) {
      problem.value = toErrorShape(thrown)
    } finally {
      matching.value = false
    }
  })
  // What folders mean depends on the project's task: asked again when the wizard has made one.
  watch([paths, () => session.project?.folder], () => void match(), { deep: true })

  // The dialog has several doors: a command, what is dropped, the end of the wizard.
  watch(stage, async (now) => {
    if (now !== 'choose' || formats.value.length > 0) return
    formats.value = (await notify.attempt(() => api.datasets.formats()))?.formats ?? []
  })

  function reset(): void {
    paths.value = []
    files.value = []
    sources.value = []
    format.value = 'auto'
    split.value = 'auto'
    labels.value = null
    label.value = ''
    copy.value = false
    problem.value = null
    job.value = null
    sent.value = null
    report.value = null
  }
  /** Opens the dialog; without a project the wizard comes first. */
  async function start(given: Partial<{ paths: string[]; files: readonly DroppedFile[] }> = {}): Promise<void> {
    if (stage.value === 'running') return void notify.info(translate('import.oneAtATime'))
    reset()
    paths.value = given.paths ?? []
    files.value = given.files ?? []
    if (session.project === null) wizard.value = true
    else stage.value = 'choose'
  }
  /** What was dropped or handed over by the system: a project is opened, a model looked at, anything else imported. */
  async function openPaths(given: string[]): Promise<void> {
    if (given.length === 0) return
    if (given.length === 1) {
      const [path] = given
      if (/\.onnx$/i.test(path)) return useNavigation().go('models', { file: path })
      const folder = await api.files.list({ path, limit: 1 }).catch(() => null)
      if (/\.tagwright$/.test(path) || (folder?.isProject && folder.path === path)) return void recents.open(path)
    }
    await start({ paths: given })
  }
  async function take(dropped: Dropped): Promise<void> {
    if (dropped.kind === 'paths') return openPaths(dropped.paths)
    const [first, ...others] = dropped.files
    if (!first) return
    if (others.length === 0 && /\.onnx$/i.test(first.file.name)) return openModel(first.file)
    if (others.length === 0 && isVideo(first.file)) return openVideo(first.file)
    await start({ files: dropped.files })
  }
  /** A model without a path here joins the start weights, where viewer, training and prediction find it. */
  async function openModel(file: File): Promise<void> {
    notify.info(translate('import.sendingModel', { name: file.name }))
    const kept = await uploadWeights(file)
    notify.success(translate('models.dropped', { name: kept.name }))
    if (kept.file) useNavigation().go('models', { file: kept.file })
  }
  async function openVideo(file: File): Promise<void> {
    if (session.project === null) return void notify.info(translate('import.videoNeedsProject'))
    useNavigation().go('video')
    await useVideo().open(file)
  }
  async function add(kind: 'folder' | 'files'): Promise<void> {
    const picked = await picker.pick({ kind, title: translate(`import.pick.${kind}`) })
    paths.value.push(...picked.filter((path) => !paths.value.includes(path)))
  }
  async function pickLabels(): Promise<void> {
    const [file] = await picker.pick({ kind: 'file', title: translate('import.pick.labels') })
    if (file) labels.value = file
  }

  async function run(): Promise<void> {
    problem.value = null
    stage.value = 'running'
    try {
      const named = proposedLabel.value !== null && label.value.trim()
      const options = {
        format: format.value,
        split: split.value,
        ...(named ? { options: { label: label.value.trim() } } : {}),
      }
      let started: number
      if (files.value.length > 0) {
        stopUpload = new AbortController()
        const name = files.value[0].path.includes('/') ? files.value[0].path.split('/')[0] : ''
        const upload = await uploadFiles(name, files.value, stopUpload.signal, (now) => (sent.value = now))
        started = (await api.media.importUpload({ upload, ...options })).job
      } else {
        const answer = await api.datasets.import({
          paths: [...paths.value],
          ...options,
          labels: labels.value,
          copy: copy.value,
        })
        started = answer.job
      }
      job.value = started
      report.value = await jobs.result<ImportReport>(started)
      stage.value = 'report'
    } catch (thrown) {
      const shape = toErrorShape(thrown)
      problem.value = shape.code === 'cancelled' ? null : shape
      stage.value = 'choose'
    } finally {
      job.value = null
      sent.value = null
      stopUpload = null
    }
  }
  async function cancel(): Promise<void> {
    stopUpload?.abort()
    if (job.value !== null) await notify.attempt(() => jobs.cancel(job.value!))
  }
  /** Takes out what the shown import brought. */
  async function undo(): Promise<void> {
    const ids = report.value?.imports ?? []
    const done = await notify.attempt(async () => {
      for (const id of ids.toReversed()) await api.project.removeImport({ import: id })
      return true
    })
    if (!done) return
    close()
    notify.success(translate('import.undone'))
  }
  function close(): void {
    stage.value = 'closed'
    reset()
  }
  return {
    stage,
    wizard,
    paths,
    files,
    sources,
    matching,
    format,
    split,
    labels,
    label,
    proposedLabel,
    copy,
    formats,
    problem,
    job,
    sent,
    report,
    isEmpty,
    candidates,
    isAmbiguous,
    start,
    take,
    openPaths,
    add,
    pickLabels,
    run,
    cancel,
    undo,
    close,
  }
})
