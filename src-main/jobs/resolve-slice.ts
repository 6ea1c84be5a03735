import type { ConcreteSlice, SliceOptions } from '@shared/contract/inference'
import { concreteSliceSchema } from '@shared/contract/inference'
import { parseRecipe } from '@shared/domain/recipe'
import { suggestSlice } from '@shared/domain/suggest-slice'
import { sql, type ReadDb } from '../store/db'
import { getRun } from '../store/run'
import { needStore, type JobDeps } from './job-deps'

/** Network input of files, whose size the core does not know. */
const usualInput = 640

/** A number is a size; `auto` is chosen from the sizes of the project's objects and the run's input. */
export function resolveSlice(
  deps: Pick<JobDeps, 'store'>,
  slice: number | SliceOptions | null,
  run: string | null,
): ConcreteSlice | null {
  if (slice === null) return null
  if (typeof slice === 'number') return concreteSliceSchema.parse({ size: slice })
  if (slice.size !== 'auto') return { ...slice, size: slice.size }
  const { db } = needStore(deps)
  const input = run === null ? usualInput : parseRecipe(getRun(db, run).recipe).input.size
  return { ...slice, size: suggestSlice(objectSides(db), input) }
}

/** Square roots of the areas of at most 20,000 boxes, px. */
export const objectSides = (db: ReadDb): number[] =>
  sql<{ area: number }>(
    db,
    'SELECT (x2 - x1) * (y2 - y1) AS area FROM visible_annotation WHERE x2 > x1 AND y2 > y1 LIMIT 20000',
  )
    .all()
    .map(({ area }) => Math.sqrt(area))
