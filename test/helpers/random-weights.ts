/** Weights of a detector as after some training: running statistics and biases that are not their defaults. */
import { rng } from '@shared/base/rng'
import { describeModel } from '@shared/catalog/detector'
import type { ModelDef } from '@shared/catalog/models/define'
import { size } from '@shared/engine/graph'
import { initialize } from '@shared/engine/nn'

export function randomWeights(model: ModelDef, classes: number, seed: number): Map<string, Float32Array> {
  const { params, nn } = describeModel(model, classes)
  const out = new Map<string, Float32Array>()
  for (const param of params) {
    const random = rng(seed, param.name)
    const data = initialize(param, random)
    if (param.role === 'norm') for (let i = 0; i < data.length; i++) data[i] += random.uniform(-0.4, 0.6)
    // Predictions of all confidences, so that there is something to suppress.
    if (/(obj|cls)_preds.*bias$/.test(param.name)) for (let i = 0; i < data.length; i++) data[i] = random.uniform(-2, 1)
    out.set(param.name, data)
  }
  for (const stat of nn.stats.values()) {
    const random = rng(seed, stat.name)
    const variance = stat.name.endsWith('running_var')
    out.set(
      stat.name,
      Float32Array.from({ length: size(stat.shape) }, () =>
        variance ? random.uniform(0.5, 2) : random.uniform(-0.3, 0.3),
      ),
    )
  }
  return out
}
