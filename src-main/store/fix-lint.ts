/** Repairs of lint findings, one undo step. */
import { setImmediate } from 'node:timers/promises'
import { TagwrightError } from '@shared/base/errors'
import type { LintFinding } from '@shared/domain/lint-sample'
import { clipShape, padPose, swapSides } from '@shared/domain/repair-shape'
import type { Shape } from '@shared/domain/annotation'
import { getAnnotation } from './annotation'
import { packShape } from './pack-shape'
import type { Writer } from './change'
import { dropLabel } from './change-labels'
import { sql, type WriteDb } from './db'
import { getLabel } from './label'
import type { StoredFinding } from './lint-issue'
import { findingsNow } from './scan-lint'
import type { Store } from './store'

export interface FixOutcome {
  fixed: number
  /** No longer there, or without a repair. */
  skipped: number
  /** Samples that changed. */
  samples: number[]
}

const pageSize = 1000

/** Looks at each finding again before it is repaired. Throws `changed-since` when somebody edits meanwhile. */
export async function fixLint(store: Store, findings: readonly StoredFinding[], reason: string): Promise<FixOutcome> {
  const { revision } = store.project
  const current = await stillThere(store, findings)
  if (store.project.revision !== revision) {
    throw new TagwrightError('changed-since', 'The project was changed while the findings were checked. Try again.')
  }
  const samples = new Set<number>()
  let fixed = 0
  store.change(reason, (write) => {
    const removed = new Set<number>()
    for (const { finding, sample } of current) {
      if (finding.fix === 'remove') removed.add(finding.annotation!)
      else if (finding.annotation !== null && removed.has(finding.annotation)) continue
      else if (!repair(store.db, write, finding, sample, removed)) continue
      fixed++
      if (sample !== null) samples.add(sample)
    }
    write.removeSet('annotation', removed)
  })
  return { fixed, skipped: findings.length - fixed, samples: [...samples] }
}

async function stillThere(
  store: Store,
  findings: readonly StoredFinding[],
): Promise<{ finding: LintFinding; sample: number | null }[]> {
  const key = ({ code, annotation }: LintFinding) => `${code} ${annotation}`
  const out: { finding: LintFinding; sample: number | null }[] = []
  const bySample = new Map<number, Set<string>>()
  for (const finding of findings) {
    if (finding.sample === null) {
      if (finding.fix !== null) out.push({ finding, sample: null })
      continue
    }
    const keys = bySample.get(finding.sample)
    if (keys) keys.add(key(finding))
    else bySample.set(finding.sample, new Set([key(finding)]))
  }
  const samples = [...bySample.keys()]
  for (let at = 0; at < samples.length; at += pageSize) {
    for (const [sample, now] of findingsNow(store.db, samples.slice(at, at + pageSize))) {
      for (const finding of now) {
        if (finding.fix !== null && bySample.get(sample)!.has(key(finding))) out.push({ finding, sample })
      }
    }
    await setImmediate()
  }
  return out
}

/** Returns whether anything was done. */
function repair(
  db: WriteDb,
  write: Writer,
  { fix, annotation: id, label: labelId }: LintFinding,
  sampleId: number | null,
  removed: Set<number>,
): boolean {
  if (fix === 'delete-label') {
    const label = getLabel(db, labelId!)
    if (!label || label.gap || sql(db, 'SELECT 1 FROM annotation WHERE label_id = ? LIMIT 1').get(label.id))
      return false
    // The last one can go without moving any other; in between its index stays taken.
    const isLast = !sql(db, 'SELECT 1 FROM label WHERE idx > ?').get(label.index)
    dropLabel(write, db, label.id, isLast ? 'reindex' : 'keep-gap')
    return true
  }
  const annotation = getAnnotation(db, id!)
  if (!annotation) return false
  const shape = repairShape(db, annotation.shape, fix, annotation.labelId, sampleId!)
  if (shape === null) removed.add(id!)
  else write.update('annotation', id!, { ...packShape(shape), area: null })
  return true
}

/** null: nothing of it is left. */
function repairShape(db: WriteDb, shape: Shape, fix: LintFinding['fix'], label: number, sample: number): Shape | null {
  const skeleton = getLabel(db, label)?.skeleton
  if (fix === 'pad' && shape.kind === 'keypoints' && skeleton) return padPose(shape, skeleton)
  if (fix === 'swap' && shape.kind === 'keypoints' && skeleton) return swapSides(shape, skeleton)
  if (fix === 'clip') {
    const { width, height } = sql<{ width: number; height: number }>(
      db,
      'SELECT width, height FROM sample WHERE id = ?',
    ).get(sample)!
    return clipShape(shape, width, height)
  }
  return shape
}
