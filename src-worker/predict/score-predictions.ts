import { readFile } from 'node:fs/promises'
import { TagwrightError } from '@shared/base/errors'
import { tasks } from '@shared/catalog/tasks'
import type { Evaluation } from '@shared/contract/evaluation'
import type { Detection } from '@shared/domain/detection'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import type { Split } from '@shared/domain/split'
import type { IouType } from '@shared/evaluation/coco-params'
import { evaluateCoco } from '@shared/evaluation/evaluate-coco'
import { loadCocoResults } from '@shared/evaluation/load-coco'
import { readSnapshot } from '../data/read-snapshot'
import { scorePoses } from '../tasks/pose/score-poses'
import { writeDetail } from './write-detail'
import { inEvaluationOrder, labelOrder, snapshotSigmas, snapshotTruth } from '@shared/evaluation/from-snapshot'

/**
 * Evaluates a file in COCO's result format against a snapshot; results with keypoints in a project of poses as such.
 * Throws `not-found`, `bad-json`, `bad-results`.
 */
export async function scorePredictions(input: {
  snapshot: string
  split: Split | null
  predictions: string
  iouType: IouType
  analysis?: string | null
  objects?: string | null
}): Promise<Evaluation> {
  const started = performance.now()
  const { snapshot, split, predictions, iouType } = input
  const results = await readResults(predictions)
  const { header, samples } = await readSnapshot(snapshot, split ? [split] : undefined)
  if (header.task === 'pose' && iouType === 'bbox' && hasKeypoints(results)) {
    const scores = await scorePoseResults(results, header, samples, input)
    return { ...scores, seconds: (performance.now() - started) / 1000, thresholds: null, classification: null }
  }
  const gt = snapshotTruth(header, samples, iouType)
  const sizes = samples.map(({ cocoImageId, width, height }) => ({ id: cocoImageId, width, height }))
  const sigmas = snapshotSigmas(header)
  const dt = loadCocoResults(results, gt, iouType, sizes)
  const evaluation = evaluateCoco({
    gt,
    dt,
    iouType,
    ...(iouType === 'keypoints' && sigmas?.length ? { sigmas } : {}),
  })
  const { coco, stats, perClass, images, warnings } = evaluation
  if (iouType === 'bbox') await writeDetail(input, { header, samples, gt, dt, evaluation })
  return {
    iouType,
    coco,
    stats,
    perClass: perClass as Evaluation['perClass'],
    images,
    seconds: (performance.now() - started) / 1000,
    thresholds: null,
    warnings,
    classification: null,
    report: null,
  }
}

const hasKeypoints = (results: unknown): boolean =>
  Array.isArray(results) && results.some((row) => Array.isArray((row as { keypoints?: unknown } | null)?.keypoints))

/** As an evaluated model is scored: COCO's numbers of keypoints, the errors of points, and the boxes. */
async function scorePoseResults(
  results: unknown,
  header: SnapshotHeader,
  all: readonly SnapshotSample[],
  files: { analysis?: string | null; objects?: string | null },
) {
  const samples = inEvaluationOrder(all.flatMap((sample) => tasks.get('pose').prepare(sample) ?? []))
  const gt = snapshotTruth(header, samples, 'keypoints')
  const dt = loadCocoResults(results, gt, 'keypoints')
  const labels = labelOrder(header)
  const found = new Map<number, Detection[]>(samples.map(({ id }) => [id, []]))
  for (let row = 0; row < dt.length; row++) {
    const [x, y, w, h] = dt.box.subarray(4 * row, 4 * row + 4)
    const points = dt.keypoints!.subarray(3 * row * dt.keypointCount, 3 * (row + 1) * dt.keypointCount)
    found.get(samples[dt.image[row]].id)!.push({
      label: labels[dt.category[row]].index,
      score: dt.score[row],
      box: [x, y, x + w, y + h],
      keypoints: Array.from({ length: dt.keypointCount }, (_, k) => [points[3 * k], points[3 * k + 1], points[3 * k + 2]] as const), // prettier-ignore
    })
  }
  const { analysis = null, objects = null } = files
  const scores = await scorePoses({ analysis, objects, plots: null }, { header, samples, found })
  const warnings = [...scores.warnings, ...dt.warnings]
  return { ...scores, report: scores.report ?? null, warnings }
}

async function readResults(file: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new TagwrightError(
      'not-found',
      `The predictions file ${file} cannot be read. Give a COCO result file.`,
      { file },
      { cause },
    )
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new TagwrightError(
      'bad-json',
      `${file} is not JSON: ${(cause as Error).message}. Give a COCO result file.`,
      { file },
      { cause },
    )
  }
}
