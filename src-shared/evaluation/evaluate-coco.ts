/**
 * COCO evaluation with pycocotools' numbers, to the last bit: match, accumulate, summarize.
 * Source: cocodataset/cocoapi, PythonAPI/pycocotools/cocoeval.py at 8c9bcc3.
 */
import { TagwrightError } from '../base/errors'
import { accumulate, type Accumulated } from './accumulate'
import type { Detections, EvaluationWarning, GroundTruth } from './coco-columns'
import { cocoParams, cocoSigmas, type CocoParams, type IouType } from './coco-params'
import { matchDetections, type Matches } from './match-detections'
import { formatSummary, summarize } from './summarize'

export interface ClassScores {
  label: string
  categoryId: number
  /** Ground truths that count (crowds do not). */
  groundTruths: number
  /** Detections of the class, before any limit. */
  detections: number
  /** AP, AP50, AP75, APs... as in `coco`; null where undefined. */
  [score: string]: number | string | null
}

export interface CocoEvaluation {
  iouType: IouType
  /** By name: AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl; keypoints AP..APl, AR..ARl. -1 undefined. */
  coco: Record<string, number>
  /** The same numbers, unrounded, in pycocotools' order. */
  stats: number[]
  perClass: ClassScores[]
  /** Images evaluated. */
  images: number
  warnings: EvaluationWarning[]
  /** The lines pycocotools prints. */
  table: string[]
  matches: Matches
  accumulated: Accumulated
}

export interface EvaluateCocoInput {
  gt: GroundTruth
  dt: Detections
  iouType: IouType
  /** OKS sigmas, one per keypoint, or per category and keypoint; without them the 17 of COCO persons. */
  sigmas?: ArrayLike<number>
  /** Anything else that is not COCO's default. */
  params?: Partial<Omit<CocoParams, 'iouType' | 'sigmas'>>
}

/** Evaluates detections against ground truth. Throws `bad-evaluation` when the columns do not fit together. */
export function evaluateCoco({ gt, dt, iouType, sigmas, params: changes }: EvaluateCocoInput): CocoEvaluation {
  const params = cocoParams(iouType, { ...changes, sigmas: Float64Array.from(sigmas ?? cocoSigmas) })
  checkRows(gt, dt)
  const matches = matchDetections(gt, dt, params)
  const accumulated = accumulate(matches)
  const { stats, byName } = summarize(accumulated, params)
  const warnings = [...gt.warnings, ...dt.warnings]
  const zeros = gt.id.reduce((count, id) => count + (id === 0 ? 1 : 0), 0)
  if (zeros > 0) {
    warnings.push({
      code: 'annotation-id-zero',
      message: `${zeros === 1 ? 'One annotation has' : `${zeros} annotations have`} the id 0, which pycocotools reads as "not matched": its detection counts as false. The number is kept equal to pycocotools; number the annotations from 1 to count it.`,
    })
  }
  const perClass = params.useCategories
    ? Array.from(gt.categoryIds, (categoryId, k): ClassScores => {
        const scores = summarize(accumulated, params, k).byName
        return {
          label: gt.categoryNames[k],
          categoryId,
          groundTruths: matches.positives[k],
          detections: matches.starts[k + 1] - matches.starts[k],
          ...Object.fromEntries(Object.entries(scores).map(([name, value]) => [name, value > -1 ? value : null])),
        }
      })
    : []
  return {
    iouType,
    coco: byName,
    stats,
    perClass,
    images: gt.imageIds.length,
    warnings,
    table: formatSummary(stats, params),
    matches,
    accumulated,
  }
}

function checkRows(gt: GroundTruth, dt: Detections): void {
  const check = (what: string, columns: { length: number; image: Int32Array; category: Int32Array }) => {
    for (let i = 0; i < columns.length; i++) {
      const [image, category] = [columns.image[i], columns.category[i]]
      if (image >= 0 && image < gt.imageIds.length && category >= 0 && category < gt.categoryIds.length) continue
      throw new TagwrightError(
        'bad-evaluation',
        `${what} ${i} points to image ${image} and category ${category}; there are ${gt.imageIds.length} images and ${gt.categoryIds.length} categories.`,
        { row: i, image, category },
      )
    }
  }
  check('Ground truth', gt)
  check('Detection', dt)
  for (let i = 0; i < dt.length; i++) {
    if (!Number.isFinite(dt.score[i])) {
      throw new TagwrightError(
        'bad-evaluation',
        `Detection ${i} has the score ${dt.score[i]}; scores are finite numbers.`,
        {
          row: i,
        },
      )
    }
  }
}
