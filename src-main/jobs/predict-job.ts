/** Detects objects on image files or on a part of the project. */
import { basename, dirname, extname, join, resolve } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { truthOf } from '@shared/catalog/tasks'
import { runsContract, type PredictedImage, type PredictResult } from '@shared/contract/runs'
import type { CocoResult, Detection } from '@shared/domain/detection'
import { labelColor } from '@shared/domain/label'
import { drawDetections } from '../media/draw-detections'
import { listImages } from '../media/list-images'
import { makeFolder } from '../media/make-folder'
import { serveFile } from '../media/served-files'
import { pairAsItIs, shownPair } from '../media/shown-pair'
import type { Skeleton } from '@shared/domain/skeleton'
import { listLabels } from '../store/label'
import { putPredictions, type SamplePrediction } from '../store/prediction'
import { putReviewScores } from '../store/review-items'
import type { Store } from '../store/store'
import { walkSamples } from '../store/walk-samples'
import { callWorker } from './call-worker'
import { defineJob, type JobContext } from './define-job'
import { needStore, type JobDeps } from './job-deps'
import { resolveModel } from './resolve-model'
import { resolveSlice } from './resolve-slice'
import { jsonLines, writeAtomic } from './write-atomic'

interface Image {
  id: number
  file: string
  cocoImageId: number
}

/** Pictures of a result that are kept to be looked at. */
const mostPictures = 100
/** Of them those for which pictures are made: a camera's file takes seconds. */
const mostDeveloped = 8

export const predictJob = (deps: JobDeps) =>
  defineJob({
    kind: 'predict',
    lane: 'worker',
    params: runsContract.methods.predict.input,
    async run({ source, images: wanted, out, draw, slice, restore, ...inference }, context): Promise<PredictResult> {
      const model = resolveModel(deps, source)
      const fromProject = !('files' in wanted)
      const images = 'files' in wanted ? fileImages(wanted.files) : projectImages(needStore(deps), wanted)
      // Files that are not the project's are named by the model itself, unless the model is the project's.
      const useLabels = fromProject || model.run !== null
      const labels = useLabels ? listLabels(needStore(deps).db) : null
      // Failing now is better than after an hour of work.
      if (out) makeFolder(dirname(resolve(out)))
      if (draw) makeFolder(draw)
      if (restore) makeFolder(restore.out)

      const cut = resolveSlice(deps, slice, model.run)
      const byId = new Map(images.map((image) => [image.id, image]))
      const rows: CocoResult[] = []
      const pending: SamplePrediction[] = []
      const save = (atLeast: number) => {
        if (!fromProject || pending.length < atLeast) return
        const done = pending.splice(0)
        putPredictions(needStore(deps).db, model.source, done)
        deps.hub.emit('predictions.changed', { source: model.source, samples: done.map(({ sampleId }) => sampleId) })
      }
      const cleaned: { before: string; after: string }[] = []
      const drawing = draw ? drawer(resolve(draw), labels, context) : null

      const result = await callWorker({ ...deps, context }, (worker, options) => {
        let names: readonly string[] | null = labels?.map((label) => label.name) ?? null
        worker.on('classes', (classes) => {
          names ??= classes.names
        })
        worker.on('detections', ({ image: id, width, height, detections, made }) => {
          const image = byId.get(id)
          if (!image) return
          if (made && cleaned.length < mostPictures) cleaned.push({ before: image.file, after: made })
          const told: PredictedImage = {
            ...image,
            width,
            height,
            detections: detections.map((detection) => ({
              ...detection,
              name: names?.[detection.label] ?? String(detection.label),
            })),
          }
          if (out) for (const one of detections) rows.push(cocoRow(image, one, labels))
          const stored = detections.flatMap((one) =>
            labels?.[one.label] ? [{ ...one, label: labels[one.label].id }] : [],
          )
          pending.push({ sampleId: id, detections: stored })
          save(200)
          drawing?.add(told)
          deps.hub.emit('runs.predicted', { job: context.id, image: told })
        })
        return worker.predict(
          {
            ...inference,
            model: model.ref,
            labels: labels?.map(({ name, cocoId }) => ({ name, cocoId })) ?? null,
            slice: cut,
            images,
            ...(restore ? { restore: { ...restore, out: resolve(restore.out) } } : {}),
          },
          options,
        )
      })
      save(1)
      if (fromProject && truthOf(result.task) !== 'image')
        putReviewScores(needStore(deps).db, model.source, inference.conf)
      const pictures = await showCleaned(cleaned, deps.store()?.folder, context)
      await drawing?.done()
      if (out) await writeAtomic(resolve(out), jsonLines(rows))
      return {
        ...result,
        failed: result.failed.map(({ file, message }) => ({ file, message })),
        out: out ? resolve(out) : null,
        draw: draw ? resolve(draw) : null,
        pictures,
      }
    },
  })

/** Images before and after, for a window: as they are where a browser shows them, else made in the project's cache. */
async function showCleaned(
  cleaned: readonly { before: string; after: string }[],
  project: string | undefined,
  { signal, log }: Pick<JobContext, 'signal' | 'log'>,
): Promise<PredictResult['pictures']> {
  const pictures: PredictResult['pictures'] = []
  let made = 0
  for (const { before, after } of cleaned) {
    signal.throwIfAborted()
    try {
      let shown = pairAsItIs(before, after)
      if (!shown) {
        if (project === undefined || ++made > mostDeveloped) continue
        shown = await shownPair(before, after, join(project, 'cache', 'thumbs'))
      }
      const [from, to] = shown.map((one) => serveFile({ ...one, name: basename(one.path) }).url)
      pictures.push({ name: basename(before), before: from, after: to })
    } catch (error) {
      // The clean files are written; only their look is missing.
      log('warning', error instanceof Error ? error.message : String(error))
    }
  }
  return pictures
}

function projectImages(
  store: Store,
  wanted: { split: 'train' | 'val' | 'test' | null } | { samples: readonly number[] },
): Image[] {
  const images: Image[] = []
  const split = 'split' in wanted ? wanted.split : null
  const only = 'samples' in wanted ? new Set(wanted.samples) : null
  for (const page of walkSamples(store.db, store.folder, split ? [split] : [])) {
    for (const { sample, file } of page) {
      if (sample.state === 'ok' && (only?.has(sample.id) ?? true))
        images.push({ id: sample.id, file, cocoImageId: sample.coco_image_id })
    }
  }
  if (images.length === 0) {
    throw new TagwrightError(
      'no-samples',
      `The project has no usable image${split ? ` in the split "${split}"` : ''}. Import images or choose another split.`,
      { split },
    )
  }
  return images
}

const fileImages = (paths: readonly string[]): Image[] =>
  paths.flatMap(listImages).map((file, i) => ({ id: i + 1, file, cocoImageId: i + 1 }))

function cocoRow(
  image: Image,
  { label, score, box: [x1, y1, x2, y2], keypoints }: Detection,
  labels: readonly { cocoId: number }[] | null,
): CocoResult {
  const category_id = labels?.[label]?.cocoId ?? label + 1
  return {
    image_id: image.cocoImageId,
    category_id,
    bbox: [x1, y1, x2 - x1, y2 - y1],
    score,
    ...(keypoints ? { keypoints: keypoints.flat() } : {}),
  }
}

/** Draws one picture after another beside the prediction; two images of one name get different files. */
function drawer(
  folder: string,
  labels: readonly { color: string; skeleton: Skeleton | null }[] | null,
  context: JobContext,
) {
  const used = new Set<string>()
  let chain = Promise.resolve()
  return {
    add(image: PredictedImage): void {
      const stem = basename(image.file, extname(image.file))
      let name = `${stem}.jpg`
      for (let n = 2; used.has(name.toLowerCase()); n++) name = `${stem}-${n}.jpg`
      used.add(name.toLowerCase())
      const boxes = image.detections.map((detection) => ({
        ...detection,
        color: labels?.[detection.label]?.color ?? labelColor(detection.label),
        edges: labels?.[detection.label]?.skeleton?.edges ?? [],
      }))
      chain = chain.then(async () => {
        if (context.signal.aborted) return
        try {
          await drawDetections(image.file, join(folder, name), boxes)
        } catch (error) {
          context.log('warning', `${image.file} could not be drawn: ${(error as Error).message}.`)
        }
      })
    },
    done: () => chain,
  }
}
