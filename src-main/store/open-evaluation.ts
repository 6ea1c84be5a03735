/** A stored evaluation as its parts are asked for; the last few stay unpacked. */
import { gunzipSync } from 'node:zlib'
import { TagwrightError } from '@shared/base/errors'
import type { Evaluation } from '@shared/contract/evaluation'
import type { EvaluationAnalysis } from '@shared/evaluation/analyze-evaluation'
import { objectIndex, type ObjectIndex } from '@shared/evaluation/select-objects'
import { unpackObjects } from '@shared/evaluation/object-set'
import { evaluationPart, evaluationResult, getEvaluation, type EvaluationRow } from './evaluation'
import type { Store } from './store'

export interface OpenEvaluation {
  row: EvaluationRow
  result(): Evaluation
  /** null where no details are stored. */
  analysis(): EvaluationAnalysis | null
  /** Throws `no-details`. */
  objects(): ObjectIndex
  /** Confidence of the best mean F1, .25 without one. Throws `no-details`. */
  conf(): number
}

const kept = 3
const caches = new WeakMap<Store, Map<number, OpenEvaluation>>()

/** Throws `not-found`. */
export function openEvaluation(store: Store, id: number): OpenEvaluation {
  let cache = caches.get(store)
  if (!cache) caches.set(store, (cache = new Map()))
  const row = getEvaluation(store.db, id)
  const open = cache.get(id) ?? unpack(store, row)
  cache.delete(id)
  cache.set(id, open)
  if (cache.size > kept) cache.delete(cache.keys().next().value!)
  return open
}

function unpack(store: Store, row: EvaluationRow): OpenEvaluation {
  const read = (part: 'analysis' | 'objects'): string | null => {
    const data = evaluationPart(store.db, row.id, part)
    return data === null ? null : gunzipSync(data).toString('utf8')
  }
  let analysis: EvaluationAnalysis | null | undefined
  let index: ObjectIndex | undefined
  const open: OpenEvaluation = {
    row,
    result: () => evaluationResult(store.db, row.id) as Evaluation,
    analysis() {
      if (analysis !== undefined) return analysis
      const text = read('analysis')
      return (analysis = text === null ? null : (JSON.parse(text) as EvaluationAnalysis))
    },
    objects() {
      if (index) return index
      const text = read('objects')
      if (text === null) throw withoutDetails(row.id)
      return (index = objectIndex(unpackObjects(text)))
    },
    conf() {
      const made = open.analysis()
      if (!made) throw withoutDetails(row.id)
      return made.curves.mean.best?.confidence ?? 0.25
    },
  }
  return open
}

export const withoutDetails = (id: number): TagwrightError =>
  new TagwrightError(
    'no-details',
    `Evaluation ${id} was stored without its curves and objects. Evaluate again to see them.`,
    { evaluation: id },
  )
