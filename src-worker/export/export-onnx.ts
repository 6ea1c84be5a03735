/** The worker's `exportOnnx`: a run's weights as a file that works elsewhere, and the proof that it computes the same. */
import type { z } from 'zod'
import { buildInference } from '@shared/catalog/detector-inference'
import { evalThresholds } from '@shared/contract/inference'
import { keepsAccuracy, type workerContract } from '@shared/contract/worker'
import { evaluateWeights } from '../predict/evaluate-weights'
import type { WorkerReport } from '../report'
import { checkParity } from './check-parity'
import { exportData, openCheckpoint, writeModel } from './export-file'
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
/** What a file may differ by; in half precision this counts only where its accuracy cannot be measured. */
const tolerances = { full: { box: 0.01, score: 1e-4 }, half: { box: 2, score: 0.02 } }

/** @throws what reading the checkpoint and running the model throws, `disk-full`, `not-writable`. */
export async function exportOnnx(input: Input, host: ExportHost): Promise<z.input<Export['output']>> {
  const { report, signal } = host
  const { runDir, out, dynamic, half } = input
  report.progress('reading the checkpoint', 0, null)
  const { meta, model, tensors } = await openCheckpoint(runDir, input.checkpoint)
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
  const written = await writeModel(out, inference, { name: meta.model, metadata })

  report.progress('checking the file', 0, null)
  const data = await exportData(runDir)
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
  const cost = half && data ? await halfCost() : null
  parity.ok = keepsAccuracy(cost) ?? parity.ok
  if (!parity.ok && keepsAccuracy(cost) === null) {
    report.log(
      'warning',
      `The file does not compute quite the same as the network: boxes differ by up to ${parity.maxBoxError.toFixed(3)} px, scores by up to ${parity.maxScoreError.toExponential(1)}.`,
    )
  }
  return {
    ...written,
    parity,
    half: cost,
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
