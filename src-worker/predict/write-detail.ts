/** What an evaluation says beside its table, and every object it was made of, as gzipped JSON for the project's store. */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import { analyzeEvaluation } from '@shared/evaluation/analyze-evaluation'
import type { Detections, GroundTruth } from '@shared/evaluation/coco-columns'
import type { CocoEvaluation } from '@shared/evaluation/evaluate-coco'
import { objectSet, packObjects } from '@shared/evaluation/object-set'
import { writeAtomic } from '../files/write-atomic'

const pack = promisify(gzip)

export async function writeDetail(
  files: { analysis?: string | null; objects?: string | null },
  made: {
    header: SnapshotHeader
    samples: readonly SnapshotSample[]
    gt: GroundTruth
    dt: Detections
    evaluation: CocoEvaluation
  },
): Promise<void> {
  const { header, samples, gt, dt } = made
  const write = async (file: string, text: string) => writeAtomic(file, [await pack(text, { level: 4 })])
  if (files.analysis) await write(files.analysis, JSON.stringify(analyzeEvaluation(made)))
  if (files.objects) await write(files.objects, packObjects(objectSet(header, samples, { gt, dt })))
}
