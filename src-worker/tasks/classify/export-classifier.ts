/** The worker's `exportOnnx` for classifiers: probabilities [N, classes], and the proof that the file computes the same. */
import { TagwrightError } from '@shared/base/errors'
import { rng } from '@shared/base/rng'
import { buildInference, encodeInference } from '@shared/catalog/detector-inference'
import classify from '@shared/catalog/tasks/classify'
import { evalThresholds } from '@shared/contract/inference'
import { keepsAccuracy } from '@shared/contract/worker'
import { exportData, openCheckpoint, worstDifference, writeModel } from '../../export/export-file'
import { onnxMetadata } from '../../export/onnx-metadata'
import { pictureBatches } from '../../predict/picture-batches'
import { openSession, tensor } from '../../runtime/session'
import type { WorkerTask } from '../worker-task'
import { evaluateClassWeights } from './evaluate-class-weights'
import { openClassifier } from './open-classifier'

/** Images of the parity report. */
const PARITY_IMAGES = 16
/** What a probability may differ by; in half precision this counts only where the accuracy cannot be measured. */
const TOLERANCE = { full: 1e-4, half: 0.02 }

export const exportClassifier: WorkerTask['exportOnnx'] = async (input, host) => {
  const { report, signal } = host
  const { runDir, out, dynamic, half } = input
  if (input.nms)
    throw new TagwrightError('bad-option', 'Suppression is for detectors; a classifier has no boxes. Leave out --nms.')
  report.progress('reading the checkpoint', 0, null)
  const { meta, model, tensors } = await openCheckpoint(runDir, input.checkpoint)
  const classes = meta.labels.length
  const network = { params: meta.modelParams, batch: 1, size: meta.size }
  report.progress('writing the file', 0, null)
  const inference = buildInference(model, classes, tensors, { ...network, half, dynamic })
  const licence = input.licence ?? null
  const metadata = onnxMetadata({ model, meta, format: 'probabilities', dynamic, half, nms: null, date: new Date(), licence }) // prettier-ignore
  const written = await writeModel(out, inference, { name: meta.model, metadata })
  report.progress('checking the file', 0, null)
  const data = await exportData(runDir, classify.prepare)
  const parity = await compare()
  const cost = half && data ? { apFull: await top1(false), apHalf: await top1(true) } : null
  parity.ok = keepsAccuracy(cost) ?? parity.ok
  if (!parity.ok && keepsAccuracy(cost) === null)
    report.log(
      'warning',
      `The file does not compute quite the same as the network: probabilities differ by up to ${parity.maxScoreError.toExponential(1)}.`,
    )
  return {
    ...written,
    parity,
    half: cost,
  }

  /** The file as anybody would open it, against the network without folded norms, on the same images. */
  async function compare() {
    const exported = await openClassifier({
      model: { kind: 'onnx', file: out },
      labels: null,
      classMap: null,
      batch: 1,
      provider: 'cpu',
    })
    const plain = buildInference(model, classes, tensors, { ...network, fold: false })
    const session = await openSession(encodeInference(plain), { provider: 'cpu' })
    let [worst, images] = [0, 0]
    try {
      for await (const pixels of inputs(exported)) {
        const shape = [1, 3, ...meta.size]
        const want = (await session.run({ images: tensor('float32', pixels, shape) })).output.data as Float32Array
        const [got] = await exported.run(pixels, shape, 1)
        worst = Math.max(worst, worstDifference(want, got))
      }
    } finally {
      await session.close()
      await exported.close()
    }
    const error = Math.min(worst, Number.MAX_VALUE)
    const ok = error <= (half ? TOLERANCE.half : TOLERANCE.full)
    return { images, maxBoxError: 0, maxScoreError: error, maxError: error, ok }

    async function* inputs({ width, height, pixels }: typeof exported) {
      const batches = pictureBatches({
        files: (data?.samples ?? []).slice(0, PARITY_IMAGES).map(({ file }) => file),
        batch: 1,
        width,
        height,
        input: pixels,
        pack: { layout: 'nchw', type: 'float32' },
        slice: null,
        onFailed: () => {},
        signal,
      })
      for await (const made of batches) {
        images++
        yield made.images as Float32Array<ArrayBuffer>
      }
      if (images > 0) return
      report.log('warning', 'No image of the run can be read; the file was compared with the network on noise only.')
      const random = rng('parity')
      yield Float32Array.from({ length: 3 * height * width }, () => random.uniform(-2, 2))
    }
  }

  async function top1(inHalf: boolean): Promise<number> {
    report.progress(inHalf ? 'evaluating half precision' : 'evaluating full precision', 0, null)
    const { scores } = await evaluateClassWeights({
      ...data!,
      model,
      params: meta.modelParams,
      classes,
      tensors,
      size: meta.size,
      provider: 'cpu',
      half: inHalf,
      thresholds: evalThresholds,
      threadFile: host.threadFile,
      loaderThreads: host.loaderThreads,
      ...(signal ? { signal } : {}),
    })
    return scores.top1
  }
}
