/** Skeletons to begin with. Names, edges and sigmas of the person: COCO keypoints (Lin et al. 2014, arXiv:1405.0312). */
import type { Skeleton } from '@shared/domain/skeleton'
import { flipByName } from '@shared/domain/flip-by-name'

type Part = readonly [name: string, x: number, y: number, sigma: number]

function skeleton(parts: readonly Part[], edges: [number, number][]): Skeleton {
  const names = parts.map(([name]) => name)
  return {
    names,
    edges,
    flip: flipByName(names),
    sigmas: parts.map(([, , , sigma]) => sigma),
    layout: parts.map(([, x, y]) => [x, y]),
  }
}

const person = skeleton(
  [
    ['nose', 0.5, 0.08, 0.026],
    ['left_eye', 0.55, 0.05, 0.025],
    ['right_eye', 0.45, 0.05, 0.025],
    ['left_ear', 0.61, 0.07, 0.035],
    ['right_ear', 0.39, 0.07, 0.035],
    ['left_shoulder', 0.7, 0.2, 0.079],
    ['right_shoulder', 0.3, 0.2, 0.079],
    ['left_elbow', 0.82, 0.36, 0.072],
    ['right_elbow', 0.18, 0.36, 0.072],
    ['left_wrist', 0.9, 0.5, 0.062],
    ['right_wrist', 0.1, 0.5, 0.062],
    ['left_hip', 0.62, 0.53, 0.107],
    ['right_hip', 0.38, 0.53, 0.107],
    ['left_knee', 0.64, 0.75, 0.087],
    ['right_knee', 0.36, 0.75, 0.087],
    ['left_ankle', 0.65, 0.97, 0.089],
    ['right_ankle', 0.35, 0.97, 0.089],
  ],
  [[15, 13], [13, 11], [16, 14], [14, 12], [11, 12], [5, 11], [6, 12], [5, 6], [5, 7], [6, 8], [7, 9], [8, 10], [1, 2], [0, 1], [0, 2], [1, 3], [2, 4], [3, 5], [4, 6]], // prettier-ignore
)

const fingers = ['thumb', 'index', 'middle', 'ring', 'little']
const hand = skeleton(
  [
    ['wrist', 0.5, 1, 0.05],
    ...fingers.flatMap((finger, at) =>
      [1, 2, 3, 4].map((joint): Part => {
        const spread = (at - 2) * 0.11
        const top = [0.34, 0.08, 0, 0.06, 0.2][at]
        const base = at === 0 ? 0.82 : 0.55
        const share = (joint - 1) / 3
        return [`${finger}_${joint}`, 0.5 + spread * (1.4 + share * 0.9), base + (top - base) * share, 0.035]
      }),
    ),
  ],
  fingers.flatMap((_, at) => [0, 1, 2, 3].map((joint): [number, number] => [joint === 0 ? 0 : at * 4 + joint, at * 4 + joint + 1])), // prettier-ignore
)

const face = skeleton(
  [
    ['left_eye', 0.8, 0.15, 0.03],
    ['right_eye', 0.2, 0.15, 0.03],
    ['nose', 0.5, 0.5, 0.03],
    ['mouth_left', 0.75, 0.9, 0.03],
    ['mouth_right', 0.25, 0.9, 0.03],
  ],
  [[0, 1], [0, 2], [1, 2], [2, 3], [2, 4], [3, 4]], // prettier-ignore
)

const quadruped = skeleton(
  [
    ['nose', 0, 0.2, 0.03],
    ['left_ear', 0.14, 0.02, 0.035],
    ['right_ear', 0.2, 0.06, 0.035],
    ['withers', 0.3, 0.26, 0.08],
    ['tail_base', 0.86, 0.3, 0.08],
    ['tail_end', 1, 0.12, 0.08],
    ['left_front_knee', 0.28, 0.68, 0.07],
    ['left_front_paw', 0.26, 1, 0.07],
    ['right_front_knee', 0.38, 0.66, 0.07],
    ['right_front_paw', 0.38, 0.97, 0.07],
    ['left_back_knee', 0.78, 0.68, 0.07],
    ['left_back_paw', 0.8, 1, 0.07],
    ['right_back_knee', 0.88, 0.66, 0.07],
    ['right_back_paw', 0.92, 0.97, 0.07],
  ],
  [[0, 1], [0, 2], [1, 2], [0, 3], [3, 4], [4, 5], [3, 6], [6, 7], [3, 8], [8, 9], [4, 10], [10, 11], [4, 12], [12, 13]], // prettier-ignore
)

export const skeletonPresets = { person, hand, face, quadruped } as const
