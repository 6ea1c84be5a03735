import { evaluateClasses, rankLabels, type ClassResult } from '@shared/evaluation/evaluate-classes'
import type { Detection } from '@shared/domain/detection'
import { createEvaluationLoader, type EvaluateWeightsOptions } from '../../predict/evaluate-weights'
import { openTrainedDetector } from '../../predict/trained-detector'

/** Classes told of an image while training. */
const TOLD = 3

/** Samples are as the task prepares them: one box around the image, whose label is its class. */
export async function evaluateClassWeights(
  options: EvaluateWeightsOptions,
): Promise<{ scores: Record<string, number>; found: Map<number, Detection[]> }> {
  const { samples, header, signal, batch = 8 } = options
  const truths = new Map(samples.flatMap(({ id, annotations: [one] }) => (one ? [[id, one.label] as const] : [])))
  const loader = options.loader ?? createEvaluationLoader(options)
  const results: ClassResult[] = []
  const found = new Map<number, Detection[]>()
  try {
    const runner = options.detector ?? (await openTrainedDetector({ ...options, batch }))
    try {
      for await (const { images, shape, samples: here, release } of loader.batches()) {
        signal?.throwIfAborted()
        const output = await runner.runRaw(images, shape)
        release()
        const width = output.length / shape[0]
        for (const [i, { sampleId, width: w, height: h }] of here.entries()) {
          const probabilities = output.subarray(i * width, (i + 1) * width)
          results.push({ truth: truths.get(sampleId)!, probabilities })
          const best = rankLabels(probabilities).slice(0, TOLD)
          found.set(
            sampleId,
            best.map((label) => ({ label, score: probabilities[label], box: [0, 0, w, h] as const })),
          )
        }
        // Running a model blocks the thread: heartbeats and an abort get their turn here.
        await new Promise((resolve) => setImmediate(resolve))
      }
    } finally {
      await runner.close()
    }
  } finally {
    if (!options.loader) await loader.close()
  }
  const { top1, top5, loss, macro } = evaluateClasses(
    header.labels.map(({ name }) => name),
    results,
  )
  return { scores: { top1, top5, loss, f1: macro.f1 }, found }
}
