/** How long a recipe will take on this machine, from a few steps on noise; measured once for each setting. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { availableParallelism, cpus, hostname, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { canonicalJson } from '@shared/base/canonical-json'
import { toErrorShape } from '@shared/base/errors'
import { trainingContract, type Estimate } from '@shared/contract/training'
import { tasks } from '@shared/catalog/tasks'
import { parseRecipe, type Recipe } from '@shared/domain/recipe'
import { defaultRatios, isUndivided } from '../store/assign-splits'
import { checkHealth } from '../store/health'
import { listLabels } from '../store/label'
import { callWorker } from './call-worker'
import { defineJob } from './define-job'
import { needStore, type JobDeps } from './job-deps'
import { writeAtomic } from './write-atomic'

interface Measured {
  provider: string
  epochs: number
  seconds: number | null
  memory: number | null
}

const usual = [1, 2, 4, 8, 16]

export const estimateJob = (deps: JobDeps) =>
  defineJob({
    kind: 'estimate',
    lane: 'worker',
    params: trainingContract.methods.estimate.input,
    async run({ recipe: given, batches }, context): Promise<Estimate> {
      const store = needStore(deps)
      const recipe = parseRecipe(given)
      const { images, labels } = checkHealth(store.db, recipe.data)
      // Without splits the start divides them.
      const counted = isUndivided(store)
        ? Math.round(defaultRatios.train * images.none)
        : recipe.data.trainSplits.reduce((sum, split) => sum + images[split], 0)
      const trainImages = tasks.get(recipe.task).items?.(recipe.data, counted) ?? counted
      const classes = Math.max(1, labels.length)
      const known = listLabels(store.db).map(({ name, skeleton }) => ({ name, ...(skeleton ? { skeleton } : {}) }))
      const points = Math.max(0, ...known.map(({ skeleton }) => skeleton?.names.length ?? 0))
      const own = recipe.batch.size
      const wanted = batches ?? (own === 'auto' ? usual : [own])
      const sizes = [...new Set(wanted)].sort((a, b) => a - b).filter((n) => n <= Math.max(1, trainImages))
      const cache = openCache(join(store.folder, 'cache', 'estimates.json'))
      const rows: (Measured & { batch: number })[] = []
      let isCached = true
      for (const [i, batch] of (sizes.length > 0 ? sizes : [1]).entries()) {
        context.signal.throwIfAborted()
        context.report('measuring', i, sizes.length)
        const key = cacheKey(recipe, { batch, classes, images: trainImages, points })
        let found = cache.get(key)
        if (!found) {
          isCached = false
          try {
            // A process of its own for each: its memory is the answer, and running out of it costs this figure only.
            const quiet = { ...context, report: () => {} }
            found = await callWorker({ ...deps, context: quiet }, (worker, call) =>
              worker.measure({ recipe: given, images: Math.max(1, trainImages), classes, labels: known, batch }, call),
            )
          } catch (error) {
            const { code, details } = toErrorShape(error)
            const isKilled = code === 'interrupted' && String(details?.reason).includes('SIGKILL')
            if (!isKilled) throw error
            found = { provider: rows[0]?.provider ?? 'cpu', epochs: rows[0]?.epochs ?? 1, seconds: null, memory: null }
          }
          await cache.put(key, found)
        }
        rows.push({ ...found, batch })
        // Larger ones do not fit either.
        if (found.seconds === null) break
      }
      return answer(rows, { recipe, trainImages, cached: isCached })
    },
  })

function answer(
  rows: readonly (Measured & { batch: number })[],
  { recipe, trainImages, cached }: { recipe: Recipe; trainImages: number; cached: boolean },
): Estimate {
  const fitting = rows.filter((row): row is typeof row & { seconds: number } => row.seconds !== null)
  // Half of the memory is left to the system, the window and the loader.
  const roomy = fitting.filter(({ memory }) => memory === null || memory < totalmem() / 2)
  const best = (roomy.length > 0 ? roomy : fitting.slice(0, 1)).reduce<(typeof fitting)[number] | null>(
    (top, row) => (top === null || row.seconds / row.batch < (top.seconds / top.batch) * 0.97 ? row : top),
    null,
  )
  const own = recipe.batch.size
  const used = own === 'auto' ? Math.min(8, Math.max(1, trainImages)) : own
  const exact = fitting.find(({ batch }) => batch === used) ?? best
  const epochs = exact?.epochs ?? rows[0]?.epochs ?? 1
  const epochSeconds = exact ? (exact.seconds / exact.batch) * trainImages : null
  return {
    provider: rows[0]?.provider ?? 'cpu',
    batches: rows.map(({ batch, seconds, memory }) => ({
      batch,
      seconds,
      imagesPerSecond: seconds === null ? null : batch / seconds,
      memory,
    })),
    autoBatch: best?.batch ?? null,
    epochSeconds,
    totalSeconds: epochSeconds === null ? null : epochSeconds * epochs,
    epochs,
    trainImages,
    cached,
  }
}

/** What the time of a step depends on, and the machine. */
function cacheKey(recipe: Recipe, more: Record<string, number>): string {
  const { model, input, optimizer, loss, batch, provider, epochs, freeze, features } = recipe
  const machine = [hostname(), cpus()[0]?.model ?? '', availableParallelism()]
  const what = { machine, model: { ...model, weights: null }, size: input.size, optimizer, loss, accumulate: batch.accumulate, provider, epochs, freeze, features } // prettier-ignore
  return createHash('sha256')
    .update(canonicalJson({ ...what, ...more }))
    .digest('hex')
}

function openCache(file: string) {
  let known: Record<string, Measured> = {}
  try {
    if (existsSync(file)) known = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Measured>
  } catch {
    // It may be deleted at any time; a damaged one is as good as none.
  }
  return {
    get: (key: string): Measured | undefined => known[key],
    async put(key: string, value: Measured): Promise<void> {
      known[key] = value
      await mkdir(dirname(file), { recursive: true })
      await writeAtomic(file, [JSON.stringify(known)])
    },
  }
}
