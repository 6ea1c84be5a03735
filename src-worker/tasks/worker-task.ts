/** What a task does with finished weights: the part of a task that needs files and a runtime. */
import type { z } from 'zod'
import type { workerContract } from '@shared/contract/worker'
import type { Detection } from '@shared/domain/detection'
import type { EvaluateHost } from '../predict/evaluate'
import type { EvaluateWeightsOptions } from '../predict/evaluate-weights'
import type { ExportHost } from '../export/export-onnx'
import type { WorkerReport } from '../report'

type Methods = (typeof workerContract)['methods']
type Input<M extends keyof Methods> = z.output<Methods[M]['input']>
type Answer<M extends keyof Methods> = Promise<z.input<Methods[M]['output']>>

export interface WorkerTask {
  /** Scores by name, those of the task first, and what was found by sample id: a class counts as a box around the image. */
  evaluateWeights(
    options: EvaluateWeightsOptions,
  ): Promise<{ scores: Record<string, number>; found: ReadonlyMap<number, Detection[]> }>
  evaluate(input: Input<'evaluate'>, host: EvaluateHost): Answer<'evaluate'>
  predict(
    input: Input<'predict'>,
    report: Pick<WorkerReport, 'progress' | 'log' | 'classes' | 'detections'>,
    signal: AbortSignal | undefined,
  ): Answer<'predict'>
  exportOnnx(input: Input<'exportOnnx'>, host: ExportHost): Answer<'exportOnnx'>
}
