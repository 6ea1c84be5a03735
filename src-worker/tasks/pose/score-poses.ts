import { evaluateCoco } from '@shared/evaluation/evaluate-coco'
import { evaluatePose } from '@shared/evaluation/evaluate-pose'
import { snapshotDetections, snapshotSigmas, snapshotTruth } from '@shared/evaluation/from-snapshot'
import { scoreBoxes, type EvaluateParts, type Scores } from '../../predict/evaluate'

/** COCO's numbers of keypoints and the errors of points; curves, images and the review come from the boxes. */
export const scorePoses: EvaluateParts['score'] = async (input, made) => {
  const { header, samples, found } = made
  const boxes = await scoreBoxes(input, made)
  const { coco, stats, perClass, images, warnings } = evaluateCoco({
    gt: snapshotTruth(header, samples, 'keypoints'),
    dt: snapshotDetections(header, samples, found, 'keypoints'),
    iouType: 'keypoints',
    sigmas: snapshotSigmas(header) ?? [],
  })
  const report = { ...evaluatePose(header, samples, found), boxes: boxes.coco }
  return {
    iouType: 'keypoints',
    coco,
    stats,
    perClass: perClass as Scores['perClass'],
    images,
    warnings: [...new Map([...boxes.warnings, ...warnings].map((one) => [one.message, one])).values()],
    report,
  }
}
