/** What every task's export does alike: a checkpoint opened, a graph written as a file, images of the run to compare on. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { encodeInference, openShape, type DetectorInference } from '@shared/catalog/detector-inference'
import { modelOf } from '@shared/catalog/models'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import { OPSET } from '@shared/engine/onnx/encode'
import { readSnapshot } from '../data/read-snapshot'
import { writeAtomic } from '../files/write-atomic'
import { readCheckpoint, weightsOf } from '../train/checkpoint'
import { openNetwork } from '../train/open-network'

/** The network of a run's checkpoint and its weights. @throws what reading the checkpoint throws. */
export async function openCheckpoint(runDir: string, name: string) {
  const checkpoint = await readCheckpoint(join(runDir, `${name}.ckpt`))
  const { meta } = checkpoint
  const at = { id: meta.model, params: meta.modelParams, ...(meta.surgery ? { surgery: meta.surgery } : {}) }
  // A network that came as an ONNX file is read again before the catalog can name it.
  await openNetwork({ id: meta.model, params: meta.modelParams }, runDir)
  return { meta, at, model: modelOf(at), tensors: weightsOf(checkpoint) }
}

/**
 * Writes the file whole or not at all.
 * @returns its place, length in bytes, opset, and the shapes of input and output, open sides as names.
 * @throws `disk-full`, `not-writable`.
 */
export async function writeModel(
  out: string,
  inference: DetectorInference,
  { name, metadata }: { name: string; metadata: Record<string, string> },
) {
  const bytes = encodeInference(inference, {
    name,
    metadata,
    docString: metadata.description,
    producerVersion: metadata.version,
    valueInfo: true,
  })
  await writeAtomic(out, [bytes])
  return {
    file: out,
    bytes: bytes.length,
    opset: OPSET,
    input: openShape(inference.graph.inputs.get('images')!, inference.open),
    output: openShape(inference.output, inference.open),
  }
}

/**
 * The run's evaluation images, or whatever images it has; null without a snapshot.
 * @param prepare a task's own view of a sample; null leaves it out.
 */
export async function exportData(
  runDir: string,
  prepare: (sample: SnapshotSample) => SnapshotSample | null = (sample) => sample,
): Promise<{ header: SnapshotHeader; samples: SnapshotSample[] } | null> {
  const file = join(runDir, 'snapshot.jsonl.gz')
  if (!existsSync(file)) return null
  const { header, samples: all } = await readSnapshot(file)
  const there = all.flatMap((sample) => (existsSync(sample.file) ? (prepare(sample) ?? []) : []))
  for (const split of ['val', 'test', 'train'] as const) {
    const samples = there.filter((sample) => sample.split === split)
    if (samples.length > 0) return { header, samples }
  }
  return there.length > 0 ? { header, samples: there } : null
}

/** Largest absolute difference; Infinity where a side is not a number, so that NaN never passes as 0. */
export function worstDifference(want: Float32Array, got: ArrayLike<number>): number {
  let worst = 0
  want.forEach((value, i) => {
    const apart = Math.abs(value - got[i])
    worst = Number.isNaN(apart) ? Infinity : Math.max(worst, apart)
  })
  return worst
}
