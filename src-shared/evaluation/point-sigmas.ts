import type { Skeleton } from '../domain/skeleton'
import { cocoSigmas } from './coco-params'

/** Of a point that nobody gave a sigma: COCO's mean is .06, hips have .107 and eyes .025. */
const USUAL = 0.05

/** OKS sigma of each point: the skeleton's own, COCO's for 17 points, else 1/K but at most .05. */
export function pointSigmas({ names, sigmas }: Pick<Skeleton, 'names' | 'sigmas'>): number[] {
  if (sigmas.length === names.length) return [...sigmas]
  if (names.length === cocoSigmas.length) return [...cocoSigmas]
  return names.map(() => Math.min(1 / names.length, USUAL))
}
