/** `eval-coco`: two JSON texts in, the evaluation out; needs no project. */
import { TagwrightError } from '../base/errors'
import type { Detections, GroundTruth } from './coco-columns'
import type { IouType } from './coco-params'
import { evaluateCoco, type CocoEvaluation } from './evaluate-coco'
import { loadCocoGroundTruth, loadCocoResults } from './load-coco'
import { scanBoxResults } from './scan-box-results'

/**
 * @param gtText text of a COCO file. @param dtText text of a COCO result file.
 * Throws `bad-json` when a text is not JSON, else what the loaders throw.
 */
export function evalCocoFiles(
  gtText: string,
  dtText: string,
  iouType: IouType = 'bbox',
  sigmas?: ArrayLike<number>,
): CocoEvaluation {
  const truth = parse(gtText, 'ground truth')
  const gt = loadCocoGroundTruth(truth, iouType)
  const dt = readCocoResults(dtText, gt, iouType, (truth as { images?: unknown }).images)
  return evaluateCoco({ gt, dt, iouType, sigmas })
}

/**
 * The text of a result file as columns: a plain list of boxes without a detour over objects, all else parsed.
 * @param images the ground truth's `images` rows; their sizes are needed to draw polygons and boxes as masks.
 * Throws `bad-json`, else what `loadCocoResults` throws.
 */
export function readCocoResults(
  text: string,
  gt: GroundTruth,
  iouType: IouType = 'bbox',
  images?: unknown,
): Detections {
  const scanned = iouType === 'bbox' ? scanBoxResults(text, gt) : null
  return scanned ?? loadCocoResults(parse(text, 'results'), gt, iouType, images)
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new TagwrightError(
      'bad-json',
      `The ${what} file is not JSON: ${(error as Error).message}. Give a COCO JSON file.`,
      { what },
      { cause: error },
    )
  }
}
