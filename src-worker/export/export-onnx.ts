/** The worker's `exportOnnx`: a run's weights as a file that works elsewhere, and the proof that it computes the same. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import { buildInference, encodeInference, openShape } from '@shared/catalog/detector-inference'
import { modelOf } from '@shared/catalog/models'
import { evalThresholds, type workerContract } from '@shared/contract/worker'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import { OPSET } from '@shared/engine/onnx/encode'
import { readSnapshot } from '../data/read-snapshot'
import { writeAtomic } from '../files/write-atomic'
import { evaluateWeights } from '../predict/evaluate-weights'
import type { WorkerReport } from '../report'
import { readCheckpoint, weightsOf } from '../train/checkpoint'
import { openNetwork } from '../train/open-network'
import { checkParity } from './check-parity'
import { onnxMetadata } from './onnx-metadata'

type Export = (typeof workerContract)['methods']['exportOnnx']
type Full = z.output<Export['input']>
type Input = Omit<Full, 'licence'> & Partial<Pick<Full, 'licence'>>

export interface ExportHost {
  report: Pick<WorkerReport, 'progress' | 'log'>
  signal?: AbortSignal | undefined
  threadFile: string | null
  loaderThreads: number
}

/** Images of the parity report. */
const PARITY_IMAGES = 16
/** What a file in single precision may differ by; half precision is judged by its accuracy, and loosely here. */
const tolerances = { full: { box: 0.01, score: 1e-4 }, half: { box: 2, score: 0.02 } }

/** @throws what reading the checkpoint and running the model throws, `disk-full`, `not-writable`. */
export async function exportOnnx(input: Input, host: ExportHost): Promise<z.input<Export['output']>> {
  const { report, signal } = host
  const { runDir, out, dynamic, half } = input
  report.progress('reading the checkpoint', 0, null)
  const checkpoint = await readCheckpoint(join(runDir, `${input.checkpoint}.ckpt`))
  const { meta } = checkpoint
  await openNetwork({ id: meta.model, params: meta.modelParams }, runDir)
  const model = modelOf({ id: meta.model, params: meta.modelParams, surgery: meta.surgery })
  const tensors = weightsOf(checkpoint)
  const thresholds = { conf: input.conf, iou: input.iou, maxDet: input.maxDet }
  const points = model.points?.(meta.modelParams) ?? 0
  const nms = input.nms ? { ...thresholds, points } : null
  const network = { params: meta.modelParams, batch: 1, size: meta.size }

  report.progress('writing the file', 0, null)
  const inference = buildInference(model, meta.labels.length, tensors, {
    ...network,
    half,
    dynamic,
    ...(nms ? { nms } : {}),
  })
  const plain = nms ? 'corners-score-class' : 'centre-objectness-classes'
  const format = points > 0 ? (`${plain}-points` as const) : plain
  const metadata = onnxMetadata({
    model,
    meta,
    format,
    dynamic,
    half,
    nms,
    date: new Date(),
    licence: input.licence ?? null,
  })
  const bytes = encodeInference(inference, {
    name: meta.model,
    metadata,
    docString: metadata.description,
    producerVersion: metadata.version,
    valueInfo: true,
  })
  await writeAtomic(out, [bytes])

  report.progress('checking the file', 0, null)
  const data = await evaluationData(runDir)
  const parity = await checkParity({
    file: out,
    model,
    params: meta.modelParams,
    classes: meta.labels.length,
    tensors,
    size: meta.size,
    images: (data?.samples ?? []).slice(0, PARITY_IMAGES).map(({ file }) => file),
    thresholds,
    tolerance: half ? tolerances.half : tolerances.full,
    onNothing: (limit) =>
      report.log(
        'warning',
        `Nothing was detected above ${limit.toFixed(2)} on the images of the comparison; no boxes were compared.`,
      ),
    signal,
  })
  if (parity.images === 0)
    report.log('warning', 'No image of the run can be read; the file was compared with the network on noise only.')
  if (!parity.ok) {
    report.log(
      'warning',
      `The file does not compute quite the same as the network: boxes differ by up to ${parity.maxBoxError.toFixed(3)} px, scores by up to ${parity.maxScoreError.toExponential(1)}.`,
    )
  }
  return {
    file: out,
    bytes: bytes.length,
    opset: OPSET,
    input: openShape(inference.graph.inputs.get('images')!, inference.open),
    output: openShape(inference.output, inference.open),
    parity,
    half: half && data ? await halfCost() : null,
  }

  async function halfCost(): Promise<{ apFull: number; apHalf: number }> {
    const { samples, header } = data!
    const ap = async (precision: { half?: boolean }) => {
      report.progress(precision.half ? 'evaluating half precision' : 'evaluating full precision', 0, null)
      const { evaluation } = await evaluateWeights({
        model,
        params: meta.modelParams,
        classes: meta.labels.length,
        tensors,
        samples,
        header,
        size: meta.size,
        provider: 'cpu',
        thresholds: evalThresholds,
        threadFile: host.threadFile,
        loaderThreads: host.loaderThreads,
        ...precision,
        ...(signal ? { signal } : {}),
      })
      return evaluation.coco.AP
    }
    return { apFull: await ap({}), apHalf: await ap({ half: true }) }
  }
}

/** The run's evaluation images, or whatever images it has; null without a snapshot. */
async function evaluationData(runDir: string): Promise<{ header: SnapshotHeader; samples: SnapshotSample[] } | null> {
  const file = join(runDir, 'snapshot.jsonl.gz')
  if (!existsSync(file)) return null
  const { header, samples } = await readSnapshot(file)
  const there = samples.filter((sample) => existsSync(sample.file))
  for (const split of ['val', 'test', 'train'] as const) {
    const part = there.filter((sample) => sample.split === split)
    if (part.length > 0) return { header, samples: part }
  }
  return there.length > 0 ? { header, samples: there } : null
}
