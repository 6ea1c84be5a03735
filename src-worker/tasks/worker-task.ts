/** What a task does with finished weights: the part of a task that needs files and a runtime. */
import type { z } from 'zod'
import type { workerContract } from '@shared/contract/worker'
import type { Detection } from '@shared/domain/detection'
import type { EvaluateHost } from '../predict/evaluate'
import type { EvaluateWeightsOptions } from '../predict/evaluate-weights'
import type { ExportHost } from '../export/export-onnx'
import type { WorkerReport } from '../report'
import type { Recipe } from '@shared/domain/recipe'
import type { SnapshotSample } from '@shared/domain/snapshot'
import type { Batches, RunPlan, TrainHost } from '../train/run-types'
import type { NormBatch } from '../train/update-norms'
import type { Tensors } from '../train/stepper'

type Methods = (typeof workerContract)['methods']
type Input<M extends keyof Methods> = z.output<Methods[M]['input']>
type Answer<M extends keyof Methods> = Promise<z.input<Methods[M]['output']>>

/** Evaluation after each epoch; what it decodes is kept from one to the next. */
export interface RunEvaluation {
  /** Detections of the last evaluation by sample id; null for tasks that find no objects. */
  readonly found: ReadonlyMap<number, Detection[]> | null
  /** @returns the task's numbers by name. */
  run(tensors: Tensors, freeze: readonly string[], signal: AbortSignal): Promise<Record<string, number>>
  close(): Promise<void>
}

/** For tasks whose images are not letterboxed: the data side of a run. */
export interface RunData {
  /** Fills in what only the files tell, and gives the samples: an entry for each thing that an epoch learns from. */
  complete(
    recipe: Recipe,
    train: readonly SnapshotSample[],
    val: readonly SnapshotSample[],
  ): Promise<{ recipe: Recipe; train: SnapshotSample[]; val: SnapshotSample[] }>
  openBatches(plan: RunPlan, host: TrainHost): Batches
  openEvaluation(plan: RunPlan, host: TrainHost): RunEvaluation
  /** Inputs of the model for the statistics of averaged weights, at least `count` images. */
  normBatches(plan: RunPlan, host: TrainHost, count: number): AsyncIterable<NormBatch>
  /** Batches as pictures. */
  preview(plan: RunPlan, host: TrainHost, input: { out: string; batches: number }): Promise<PreviewImage[]>
}
type PreviewImage = { file: string; width: number; height: number }

export interface WorkerTask {
  /** Absent: letterboxed images with boxes. */
  data?: RunData
  /**
   * Scores by name, those of the task first, and what was found by sample id: a class counts as a box around the image.
   * Not asked of tasks with `data`.
   */
  evaluateWeights?(
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
