/** `eval-coco`: two JSON texts in, the evaluation out; needs no project. */
import { TagwrightError } from '../base/errors'
import type { IouType } from './coco-params'
import { evaluateCoco, type CocoEvaluation } from './evaluate-coco'
import { loadCocoGroundTruth, loadCocoResults } from './load-coco'

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
  const dt = loadCocoResults(parse(dtText, 'results'), gt, iouType, (truth as { images?: unknown }).images)
  return evaluateCoco({ gt, dt, iouType, sigmas })
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
