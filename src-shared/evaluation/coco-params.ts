/** What COCO's three challenges measure: thresholds, areas, detections per image, and the rows of the summary. */
import { linspace } from './numpy'

export type IouType = 'bbox' | 'segm' | 'keypoints'
export const iouTypes: readonly IouType[] = ['bbox', 'segm', 'keypoints']

export interface AreaRange {
  name: 'all' | 'small' | 'medium' | 'large'
  /** Pixels squared; both ends belong to the range, so 1024 is small and medium. */
  low: number
  high: number
}

export interface CocoParams {
  iouType: IouType
  /** Ascending; at most 31. */
  iouThresholds: Float64Array
  /** Ascending, in 0..1. */
  recallThresholds: Float64Array
  /** Ascending: detections kept per image and category. */
  maxDetections: readonly number[]
  areas: readonly AreaRange[]
  /** false pools all categories into one, as `useCats = 0`. */
  useCategories: boolean
  /** OKS sigma per keypoint, the same for all categories, or one row of them for each. */
  sigmas: Float64Array
}

/** Sigmas of the 17 COCO person keypoints; the division gives the same doubles as pycocotools. */
export const cocoSigmas: readonly number[] = [
  0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89,
].map((tenfold) => tenfold / 10)

const areas: Record<AreaRange['name'], AreaRange> = {
  all: { name: 'all', low: 0, high: 1e10 },
  small: { name: 'small', low: 0, high: 1024 },
  medium: { name: 'medium', low: 1024, high: 9216 },
  large: { name: 'large', low: 9216, high: 1e10 },
}

/** The parameters of pycocotools' `Params(iouType)`, with any of them replaced. */
export function cocoParams(iouType: IouType, changes: Partial<Omit<CocoParams, 'iouType'>> = {}): CocoParams {
  const keypoints = iouType === 'keypoints'
  return {
    iouType,
    // .9 is stored as .8999999999999999 here: an IoU of exactly .9 passes.
    iouThresholds: linspace(0.5, 0.95, 10),
    recallThresholds: linspace(0, 1, 101),
    maxDetections: keypoints ? [20] : [1, 10, 100],
    areas: keypoints ? [areas.all, areas.medium, areas.large] : [areas.all, areas.small, areas.medium, areas.large],
    useCategories: true,
    sigmas: Float64Array.from(cocoSigmas),
    ...changes,
  }
}

/** One row of the summary: a mean of precision (AP) or recall (AR) over thresholds and categories. */
export interface SummaryRow {
  /** Name in `coco` and `perClass`: AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl. */
  name: string
  kind: 'AP' | 'AR'
  /** null averages over all IoU thresholds. */
  iou: number | null
  area: AreaRange['name']
  maxDetections: number
}

/** The rows in pycocotools' order: 12 for boxes and masks, 10 for keypoints. */
export function summaryRows(params: CocoParams): SummaryRow[] {
  const row = (name: string, iou: number | null, area: AreaRange['name'], maxDetections: number): SummaryRow => ({
    name,
    kind: name.startsWith('AP') ? 'AP' : 'AR',
    iou,
    area,
    maxDetections,
  })
  if (params.iouType === 'keypoints') {
    return ['AP', 'AR'].flatMap((kind) => [
      row(kind, null, 'all', 20),
      row(`${kind}50`, 0.5, 'all', 20),
      row(`${kind}75`, 0.75, 'all', 20),
      row(`${kind}m`, null, 'medium', 20),
      row(`${kind}l`, null, 'large', 20),
    ])
  }
  const [first, second, third] = params.maxDetections
  return [
    // pycocotools' first row always asks for 100 detections: without 100 in the list it is -1.
    row('AP', null, 'all', 100),
    row('AP50', 0.5, 'all', third),
    row('AP75', 0.75, 'all', third),
    row('APs', null, 'small', third),
    row('APm', null, 'medium', third),
    row('APl', null, 'large', third),
    row('AR1', null, 'all', first),
    row('AR10', null, 'all', second),
    row('AR100', null, 'all', third),
    row('ARs', null, 'small', third),
    row('ARm', null, 'medium', third),
    row('ARl', null, 'large', third),
  ]
}
