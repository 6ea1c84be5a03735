/** A detector with its classes brought onto a project's labels: from a run's checkpoint or from an ONNX file. */
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { modelOf } from '@shared/catalog/models'
import type { ModelRef } from '@shared/contract/inference'
import { mapClasses, type ClassMapping } from '@shared/domain/class-map'
import type { Provider } from '@shared/domain/recipe'
import { readCheckpoint, weightsOf } from '../train/checkpoint'
import { openNetwork } from '../train/open-network'
import type { Detector } from './detector'
import { openOnnxDetector } from './onnx-detector'
import { openTrainedDetector } from './trained-detector'

export interface OpenDetectorOptions {
  model: ModelRef
  /** The project's labels; null: the model's own classes. */
  labels: readonly { name: string; cocoId: number }[] | null
  classMap: Readonly<Record<string, string>> | null
  /** Images per run where the model leaves it open. */
  batch: number
  provider: Provider
}

/** A denoiser was asked for classes. */
export const noModel = (id: string): TagwrightError =>
  new TagwrightError('bad-option', `${id} removes noise and knows no classes. Choose a trained model.`)

/** @throws what reading the model throws, `class-map-needed`, `bad-class-map`. */
export async function openDetector(
  options: OpenDetectorOptions,
): Promise<{ detector: Detector; mapping: ClassMapping }> {
  const { model, labels, classMap, batch, provider } = options
  if (model.kind === 'method') throw noModel(model.id)
  if (model.kind === 'run') {
    const checkpoint = await readCheckpoint(join(model.runDir, `${model.checkpoint}.ckpt`))
    const { meta } = checkpoint
    const names = meta.labels.map(({ name }) => name)
    const cocoIds = meta.labels.map(({ cocoId }) => cocoId)
    const mapping = mapClasses({ model: { names, count: names.length, cocoIds }, labels, classMap })
    await openNetwork({ id: meta.model, params: meta.modelParams }, model.runDir)
    const detector = await openTrainedDetector({
      model: modelOf({ id: meta.model, params: meta.modelParams, surgery: meta.surgery }),
      params: meta.modelParams,
      classes: names.length,
      names,
      skeletons: meta.labels.map(({ skeleton }) => skeleton ?? null),
      tensors: weightsOf(checkpoint),
      batch,
      size: meta.size,
      provider,
    })
    return { detector, mapping }
  }
  const pixels = model.input
  const detector = await openOnnxDetector(model.file, { batch, provider, ...(pixels ? { pixels } : {}) })
  try {
    const { names, classes } = detector.spec
    return { detector, mapping: mapClasses({ model: { names, count: classes }, labels, classMap }) }
  } catch (error) {
    await detector.close()
    throw error
  }
}
