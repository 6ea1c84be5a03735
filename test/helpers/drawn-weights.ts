import { rng } from '@shared/base/rng'
import { initialize, type ParamSpec } from '@shared/engine/nn'

/** Drawn weights by name, all of usual size: those that start small in training count here too. */
export const drawnWeights = (specs: Iterable<ParamSpec>): Map<string, Float32Array> =>
  new Map(
    [...specs].map((spec) => [
      spec.name,
      initialize(spec.role === 'weight' ? { ...spec, init: { kind: 'conv' } } : spec, rng('weights', spec.name)),
    ]),
  )
