/** What a model says about the image in the annotator: waiting predictions of the source that review looks at. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { Prediction } from '@shared/contract/predictions'
import { api } from '../client/api'
import { latest } from '../client/latest'
import { useAnnotator } from './annotator'
import { useJobs } from './jobs'
import { useNotify } from './notify'
import { useReview } from './review'
import { useRuns } from './runs'
import { mainScore } from '@shared/domain/score'

/** Accepting all of an image takes those from this score on. */
export const sureScore = 0.5

export const usePredictionLayer = defineStore('predictionLayer', () => {
  const annotator = useAnnotator()
  const review = useReview()
  const runs = useRuns()
  const notify = useNotify()
  const list = ref<Prediction[]>([])
  /** Ids selected on the canvas. */
  const selection = ref<readonly number[]>([])

  const read = latest(async () => {
    const [sample, source] = [annotator.sampleId, review.source]
    const found = sample === null || source === null ? [] : (await api.predictions.list({ sample, source })).predictions
    if (sample === annotator.sampleId && source === review.source) list.value = found
  })
  const refresh = () => void notify.attempt(read)
  watch([() => annotator.sampleId, () => review.source], refresh, { immediate: true })
  api.predictions.on('changed', refresh)
  // Undo of a decision changes the project, not the predictions.
  api.project.on('changed', refresh)

  const sure = computed(() => list.value.filter(({ score }) => score >= sureScore).map(({ id }) => id))
  /** The run whose predictions are shown, else the best of those that ended. */
  const model = computed(
    () =>
      /^run:(.+)$/.exec(review.source ?? '')?.[1] ??
      runs.runs.filter(({ best }) => best).toSorted((a, b) => mainScore(b.best!) - mainScore(a.best!))[0]?.id ??
      null,
  )

  const accept = (ids: readonly number[]) =>
    notify.attempt(async () => void (await api.predictions.accept({ predictions: [...ids] })))
  const reject = (ids: readonly number[]) =>
    notify.attempt(async () => void (await api.predictions.reject({ predictions: [...ids] })))
  async function predictHere(): Promise<void> {
    const [run, sample] = [model.value, annotator.sampleId]
    if (run === null || sample === null) return
    await notify.attempt(async () => {
      const { job } = await api.predictions.predict({
        source: { kind: 'run', run },
        samples: { ids: [sample] },
        conf: 0.1,
      })
      await useJobs().result(job)
      await review.refresh()
      review.source = `run:${run}`
      await read()
    })
  }
  return { list, selection, sure, model, accept, reject, predictHere }
})
