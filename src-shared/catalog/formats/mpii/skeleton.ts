/** The 16 points of MPII Human Pose (Andriluka et al. 2014), in the order of its joint ids; edges of the limbs. */
import { flipByName } from '../../../domain/flip-by-name'
import type { Skeleton } from '../../../domain/skeleton'

const names = ['right_ankle', 'right_knee', 'right_hip', 'left_hip', 'left_knee', 'left_ankle', 'pelvis', 'thorax', 'upper_neck', 'head_top', 'right_wrist', 'right_elbow', 'right_shoulder', 'left_shoulder', 'left_elbow', 'left_wrist'] // prettier-ignore

export const mpiiSkeleton: Skeleton = {
  names,
  edges: [[0, 1], [1, 2], [2, 6], [3, 6], [3, 4], [4, 5], [6, 7], [7, 8], [8, 9], [10, 11], [11, 12], [12, 7], [13, 7], [13, 14], [14, 15]], // prettier-ignore
  flip: flipByName(names),
  sigmas: [],
}
