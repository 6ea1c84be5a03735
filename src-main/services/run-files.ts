/** What a run's folder tells beside its rows: the log, and the sample images after each epoch. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { skeletonSchema } from '@shared/domain/skeleton'
import { epochSampleSchema, weightsScoreSchema, type WeightsScore } from '@shared/contract/runs'
import { detectionSchema } from '@shared/contract/inference'

const logLine = z.object({ at: z.string(), level: z.string(), message: z.string() })

/** How good the averages of a run are; empty before its end. */
export function readAverages(runDir: string): WeightsScore[] {
  try {
    const text = readFileSync(join(runDir, 'averages.json'), 'utf8')
    return z.array(weightsScoreSchema).parse(JSON.parse(text))
  } catch {
    return []
  }
}

/** Lines after the first `after`; a line that was cut off by a crash is left out. */
export function readLog(
  runDir: string,
  after: number,
  limit: number,
): { lines: z.infer<typeof logLine>[]; cursor: number } {
  const file = join(runDir, 'log.jsonl')
  if (!existsSync(file)) return { lines: [], cursor: 0 }
  const all = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  const lines = all.slice(after, after + limit).flatMap((text) => {
    try {
      return logLine.safeParse(JSON.parse(text)).data ?? []
    } catch {
      return []
    }
  })
  return { lines, cursor: Math.min(all.length, after + limit) }
}

/** `samples/images.json`, written once by the worker. */
export const sampleImagesSchema = z.object({
  labels: z.array(z.object({ name: z.string(), color: z.string(), skeleton: skeletonSchema.optional() })),
  images: z.array(epochSampleSchema),
})
/** `samples/epoch-<n>.json`: detections in the order of the images. */
export const sampleEpochSchema = z.object({ epoch: z.int(), detections: z.array(z.array(detectionSchema)) })

export function readSamples(runDir: string, wanted: number | undefined) {
  const folder = join(runDir, 'samples')
  const images = readJson(join(folder, 'images.json'), sampleImagesSchema)
  if (!images) return { epochs: [], epoch: null, labels: [], images: [] }
  const epochs = readdirSync(folder)
    .flatMap((name) => /^epoch-(\d+)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
  const epoch = wanted !== undefined && epochs.includes(wanted) ? wanted : (epochs.at(-1) ?? null)
  const found = epoch === null ? null : readJson(join(folder, `epoch-${epoch}.json`), sampleEpochSchema)
  return {
    epochs,
    epoch: found ? epoch : null,
    labels: images.labels,
    images: images.images.map((image, i) => ({ ...image, detections: found?.detections[i] ?? [] })),
  }
}

function readJson<T>(file: string, schema: z.ZodType<T>): T | null {
  if (!existsSync(file)) return null
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    // Half a file of a run that was killed: the next epoch writes another.
    return null
  }
}
