/** Start weights from a checkpoint of this product: every tensor whose name and shape fit. */
import type { Program } from '@shared/engine/step'
import { TagwrightError } from '@shared/base/errors'
import { readCheckpoint } from './checkpoint'
import type { Tensors } from './stepper'

/** @returns `initial` with the checkpoint's averaged weights put in. Throws `bad-checkpoint`, `weights-do-not-fit`. */
export async function startWeights(file: string, program: Program, initial: Tensors): Promise<Tensors> {
  if (!file.endsWith('.ckpt'))
    throw new TagwrightError(
      'unsupported-weights',
      `${file} is not a checkpoint of Tagwright (*.ckpt). Give a run's best.ckpt or last.ckpt.`,
      { file },
    )
  const checkpoint = await readCheckpoint(file)
  const source: Tensors = new Map([...checkpoint.param, ...checkpoint.bn, ...checkpoint.ema])
  const result = new Map(initial)
  let loaded = 0
  for (const { name, shape } of [...program.params, ...program.stats]) {
    const data = source.get(name)
    const same = checkpoint.shapes.get(name)?.join() === shape.join()
    if (!data || !same) continue
    result.set(name, data)
    loaded++
  }
  if (loaded === 0)
    throw new TagwrightError(
      'weights-do-not-fit',
      `No tensor of ${file} (${checkpoint.meta.model}) fits this model. Choose the same model as that run.`,
      { file, model: checkpoint.meta.model },
    )
  return result
}
