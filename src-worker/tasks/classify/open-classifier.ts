/** A classifier with its classes brought onto a project's labels: from a run's checkpoint or from an ONNX file. */
import { join } from 'node:path'
import { buildInference, encodeInference } from '@shared/catalog/detector-inference'
import { describeClassifier } from '@shared/catalog/classifier-signature'
import { modelOf } from '@shared/catalog/models'
import { fromFloat16, toFloat16 } from '@shared/base/float16'
import { TagwrightError } from '@shared/base/errors'
import { type ClassMapping, mapClasses } from '@shared/domain/class-map'
import type { ModelInput } from '@shared/domain/model-input'
import type { EvalBatch, Packing } from '../../data/types'
import { noModel, type OpenDetectorOptions } from '../../predict/open-detector'
import { inspectOnnx } from '../../predict/onnx-detector'
import { resolveProvider } from '../../runtime/auto-provider'
import { type Session, openSession, tensor } from '../../runtime/session'
import { readCheckpoint, weightsOf } from '../../train/checkpoint'
import { openNetwork } from '../../train/open-network'

export interface Classifier {
  batch: number
  width: number
  height: number
  pixels: ModelInput
  pack: Packing
  mapping: ClassMapping
  /** Probabilities of the mapped labels, one row for each of the first `count` images; all others of the model add up to the rest. */
  run(images: EvalBatch['images'], shape: readonly number[], count: number): Promise<Float32Array[]>
  close(): Promise<void>
}

/** @throws what reading the model throws, `unknown-model`, `class-map-needed`, `bad-class-map`. */
export async function openClassifier(options: OpenDetectorOptions): Promise<Classifier> {
  const { model, labels, classMap, batch } = options
  const provider = await resolveProvider(options.provider)
  if (model.kind === 'method') throw noModel(model.id)
  if (model.kind === 'run') {
    const checkpoint = await readCheckpoint(join(model.runDir, `${model.checkpoint}.ckpt`))
    const { meta } = checkpoint
    await openNetwork({ id: meta.model, params: meta.modelParams }, model.runDir)
    const def = modelOf({ id: meta.model, params: meta.modelParams, surgery: meta.surgery })
    const names = meta.labels.map(({ name }) => name)
    const cocoIds = meta.labels.map(({ cocoId }) => cocoId)
    const mapping = mapClasses({ model: { names, count: names.length, cocoIds }, labels, classMap })
    const at = { params: meta.modelParams, batch, size: meta.size }
    const inference = buildInference(def, names.length, weightsOf(checkpoint), at)
    const session = await openSession(encodeInference(inference), { provider })
    const [height, width] = meta.size
    const input = { name: 'images', type: 'float32', layout: 'nchw', batch, width, height } as const
    return createClassifier(session, { input, pixels: def.input, output: 'output', mapping })
  }
  const info = await inspectOnnx(model.file)
  const spec = describeClassifier(info, { file: model.file, batch, ...(model.input ? { pixels: model.input } : {}) })
  const mapping = mapClasses({ model: { names: spec.names, count: spec.classes }, labels, classMap })
  const session = await openSession(model.file, { provider, placement: 'any' })
  return createClassifier(session, { ...spec, mapping })
}

function createClassifier(
  session: Session,
  {
    input,
    pixels,
    output,
    mapping,
  }: Pick<ReturnType<typeof describeClassifier>, 'input' | 'pixels' | 'output'> & { mapping: ClassMapping },
): Classifier {
  const { batch, width, height } = input
  return {
    batch,
    width,
    height,
    pixels,
    mapping,
    pack: { layout: input.layout, type: input.type === 'uint8' ? 'uint8' : 'float32' },
    async run(images, shape, count) {
      const fed =
        input.type === 'float16'
          ? tensor('float16', toFloat16(images as Float32Array), shape)
          : tensor(input.type, images, shape)
      const { data } = (await session.run({ [input.name]: fed }))[output]
      const numbers = data instanceof Float32Array ? data : data instanceof Uint16Array ? fromFloat16(data) : null
      if (!numbers)
        throw new TagwrightError(
          'unknown-model',
          `The output "${output}" of the model holds no floating-point numbers.`,
        )
      const classes = numbers.length / shape[0]
      return Array.from({ length: count }, (_, i) => {
        const row = asProbabilities(numbers.subarray(i * classes, (i + 1) * classes))
        const mapped: number[] = mapping.labels.map(() => 0)
        row.forEach((p, k) => {
          const label = mapping.labelOf(k)
          if (label >= 0) mapped[label] = (mapped[label] ?? 0) + p
        })
        return Float32Array.from(mapped)
      })
    },
    close: () => session.close(),
  }
}

/** Foreign files may give logits: what is no distribution goes through a softmax. */
function asProbabilities(row: Float32Array): Float32Array {
  const sum = row.reduce((a, b) => a + b, 0)
  if (row.every((p) => p >= 0 && p <= 1.001) && Math.abs(sum - 1) < 0.01) return row
  const top = row.reduce((a, b) => Math.max(a, b), -Infinity)
  const powers = row.map((v) => Math.exp(v - top))
  const total = powers.reduce((a, b) => a + b, 0)
  return powers.map((v) => v / total)
}
