/** The worker's `evaluate` for classifiers: probabilities on one split of a snapshot, and their scores. */
import type { z } from 'zod'
import classify from '@shared/catalog/tasks/classify'
import type { workerContract } from '@shared/contract/worker'
import type { Detection } from '@shared/domain/detection'
import { type ClassResult, evaluateClasses, rankLabels } from '@shared/evaluation/evaluate-classes'
import { TagwrightError } from '@shared/base/errors'
import { createEvalLoader } from '../../data/loader'
import { readSnapshot } from '../../data/read-snapshot'
import type { EvaluateHost } from '../../predict/evaluate'
import { droppedText } from '../../predict/predict'
import { writePredictions } from '../../predict/write-predictions'
import { openClassifier } from './open-classifier'

type Evaluate = (typeof workerContract)['methods']['evaluate']

/** Rows that predictions.json keeps of each image. */
const KEPT = 5

export async function evaluateClassifier(
  input: z.output<Evaluate['input']>,
  { report, signal, threadFile, loaderThreads }: EvaluateHost,
): Promise<z.input<Evaluate['output']>> {
  const started = performance.now()
  report.progress('opening the model', 0, null)
  const { header, samples: all } = await readSnapshot(input.snapshot, input.split ? [input.split] : undefined)
  const samples = all.flatMap((sample) => classify.prepare(sample) ?? [])
  const warnings: { code: string; message: string }[] = []
  const warn = (code: string, message: string) => {
    report.log('warning', message)
    warnings.push({ code, message })
  }
  if (samples.length === 0)
    throw new TagwrightError(
      'no-samples',
      `The model tells the class of whole images, and none of the ${all.length} images has one. Give images a class (a tag), or choose a model for the project's task.`,
    )
  if (samples.length < all.length)
    warn('images-without-class', `${all.length - samples.length} images have no class and are left out.`)
  const labels = input.labels ?? header.labels
  const classifier = await openClassifier({ ...input, labels, batch: 8 })
  const { batch, width, height, pixels, pack, mapping } = classifier
  if (mapping.dropped.length > 0) warn('classes-dropped', droppedText(mapping.dropped))
  const loader = createEvalLoader({
    samples,
    batch,
    width,
    height,
    input: pixels,
    pack,
    threads: threadFile ? loaderThreads : 0,
    ...(threadFile ? { threadFile } : {}),
    // Each image is used once.
    cacheBytes: 64 << 20,
    onBadSample: ({ message }) => warn('image-unreadable', message),
    ...(signal ? { signal } : {}),
  })
  const results: ClassResult[] = []
  const found = new Map<number, Detection[]>()
  try {
    for await (const { images, shape, samples: here, release } of loader.batches()) {
      signal?.throwIfAborted()
      const rows = await classifier.run(images, shape, here.length)
      release()
      for (const [i, { position, sampleId, width: w, height: h }] of here.entries()) {
        const probabilities = rows[i]
        results.push({ truth: samples[position].annotations[0].label, probabilities })
        const best = rankLabels(probabilities).slice(0, KEPT)
        found.set(
          sampleId,
          best.map((label) => ({ label, score: probabilities[label], box: [0, 0, w, h] as const })),
        )
      }
      report.progress('predicting', results.length, samples.length)
      // Running a model blocks the thread: heartbeats and an abort get their turn here.
      await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    await loader.close()
    await classifier.close()
  }
  const names = labels.map(({ name }) => name)
  const classification = evaluateClasses(names, results)
  if (input.predictions) await writePredictions(input.predictions, samples, found, labels)
  const { top1, top5, loss, macro, images } = classification
  return {
    iouType: 'class',
    coco: { top1, top5, loss, f1: macro.f1 },
    stats: [top1, top5, loss, macro.f1],
    perClass: classification.perClass.map(({ label, support, predicted, precision, recall, f1 }, i) => ({
      label,
      categoryId: labels[i].cocoId,
      groundTruths: support,
      detections: predicted,
      precision,
      recall,
      f1,
    })) as unknown as z.input<Evaluate['output']>['perClass'],
    images,
    seconds: (performance.now() - started) / 1000,
    thresholds: null,
    warnings,
    classification,
  }
}
