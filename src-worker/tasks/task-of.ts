/** Which task a trained model is for. */
import { join } from 'node:path'
import type { ModelRef } from '@shared/contract/inference'
import { type TaskId, taskSchema } from '@shared/domain/task'
import { readCheckpoint } from '../train/checkpoint'
import { inspectOnnx } from '../predict/onnx-detector'

/** A file without a word about its task is a classifier when it gives one row of numbers an image, else a detector. */
export async function taskOf(model: ModelRef): Promise<TaskId> {
  if (model.kind === 'method') return 'denoise'
  if (model.kind === 'run') {
    const { meta } = await readCheckpoint(join(model.runDir, `${model.checkpoint}.ckpt`))
    return taskSchema.parse(meta.task)
  }
  const { metadata, outputs } = await inspectOnnx(model.file)
  const stated = taskSchema.safeParse(metadata.get('task'))
  if (stated.success) return stated.data
  const [only, second] = outputs
  return !second && only?.shape?.length === 2 && only.shape[1] !== 7 ? 'classify' : 'detect'
}
