/** Random initial weights of a program. */
import { rng } from '@shared/base/rng'
import { size } from '@shared/engine/graph'
import { initialize } from '@shared/engine/nn'
import type { Program } from '@shared/engine/step'
import type { Tensors } from './stepper'

/** Every tensor draws from its own sequence (seed, name), so that adding a layer leaves the others as they were. */
export function initialTensors(program: Program, seed: number): Tensors {
  const tensors: Tensors = new Map()
  for (const param of program.params) tensors.set(param.name, initialize(param, rng(seed, param.name)))
  for (const stat of program.stats) tensors.set(stat.name, new Float32Array(size(stat.shape)).fill(stat.initial))
  return tensors
}
