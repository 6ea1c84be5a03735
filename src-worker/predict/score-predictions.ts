import { readFile } from 'node:fs/promises'
import { TagwrightError } from '@shared/base/errors'
import type { Evaluation } from '@shared/contract/worker'
import type { Split } from '@shared/domain/split'
import type { IouType } from '@shared/evaluation/coco-params'
import { evaluateCoco } from '@shared/evaluation/evaluate-coco'
import { loadCocoResults } from '@shared/evaluation/load-coco'
import { readSnapshot } from '../data/read-snapshot'
import { writeDetail } from './write-detail'
import { snapshotSigmas, snapshotTruth } from '@shared/evaluation/from-snapshot'

/** Evaluates a file in COCO's result format against a snapshot. Throws `not-found`, `bad-json`, `bad-results`. */
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
