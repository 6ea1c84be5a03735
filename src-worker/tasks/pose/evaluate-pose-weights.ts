import { evaluateCoco } from '@shared/evaluation/evaluate-coco'
import { evaluatePose, pckShare } from '@shared/evaluation/evaluate-pose'
import { snapshotDetections, snapshotSigmas, snapshotTruth } from '@shared/evaluation/from-snapshot'
import { detectWithWeights } from '../../predict/evaluate-weights'
import type { WorkerTask } from '../worker-task'

/** COCO's ten numbers of keypoints, PCK, and the mean and median distance in px where something was found. */
export const evaluatePoseWeights: WorkerTask['evaluateWeights'] = async (options) => {
  const { header, samples } = options
  const found = await detectWithWeights(options)
  const { coco } = evaluateCoco({
    gt: snapshotTruth(header, samples, 'keypoints'),
    dt: snapshotDetections(header, samples, found, 'keypoints'),
    iouType: 'keypoints',
    sigmas: snapshotSigmas(header) ?? [],
  })
  const { pck, mean, median } = evaluatePose(header, samples, found)
  const PCK = pck.find(({ unit, threshold }) => unit === 'box' && threshold === pckShare)!.value
  return {
    scores: { ...coco, PCK, ...(mean === null ? {} : { error: mean }), ...(median === null ? {} : { median }) },
    found,
  }
}
