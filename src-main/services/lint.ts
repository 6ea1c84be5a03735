import { lintSeverity } from '@shared/domain/lint'
import type { lintContract } from '@shared/contract/lint'
import type { ServiceHandlers } from '@shared/contract/rpc'
import { needStore, type JobDeps } from '../jobs/job-deps'
import type { Queue } from '../jobs/queue'
import { fixLint } from '../store/fix-lint'
import { countFindings, findingsWithCode, findingsWithId, getLintScan, listFindings } from '../store/lint-issue'
import { rescanSamples } from '../store/scan-lint'
import type { Store } from '../store/store'

/** Revisions that are remembered; more edits than this since the scan are left to a new one. */
const remembered = 5000
/** More samples than this are left to a new scan. */
const followed = 2000

/**
 * Follows edits: the samples that events name are looked at again when findings are asked for. What no event names (bulk
 * changes, imports, anything before this process) makes the findings stale until the next scan.
 */
export function createLintService(deps: JobDeps, queue: () => Queue): ServiceHandlers<typeof lintContract> {
  /** Samples by the revision that touched them; null: not known. */
  const logs = new WeakMap<Store, Map<number, readonly number[] | null>>()
  const logOf = (store: Store) => {
    const log = logs.get(store) ?? new Map<number, readonly number[] | null>()
    logs.set(store, log)
    return log
  }
  deps.hub.on('project.changed', ({ revision, samples, tables }) => {
    const store = deps.store()
    if (!store) return
    const log = logOf(store)
    // The keypoints of a label are part of what is found on every sample.
    log.set(revision, samples && !tables?.includes('skeleton') ? samples : null)
    if (log.size > remembered) log.delete(log.keys().next().value!)
  })

  /** Brings the findings up to date where that is quick; answers whether they are. */
  const follow = (store: Store): boolean => {
    const scan = getLintScan(store.db)
    if (!scan) return false
    const { revision } = store.project
    if (scan.revision === revision) return true
    const log = logOf(store)
    if (revision - scan.revision > log.size) return false
    const edited = new Set<number>()
    for (let at = scan.revision + 1; at <= revision; at++) {
      const samples = log.get(at)
      if (!samples) return false
      for (const sample of samples) edited.add(sample)
      if (edited.size > followed) return false
    }
    rescanSamples(store.db, [...edited], revision)
    return true
  }

  return {
    run() {
      needStore(deps)
      return { job: queue().add('lint', {}).id }
    },
    list({ codes, sample, limit, offset }) {
      const store = needStore(deps)
      const fresh = follow(store)
      const counts = countFindings(store.db, { fresh })
      const scoped = sample === undefined ? counts : countFindings(store.db, { fresh, sample })
      const wanted = codes ? scoped.filter(({ code }) => codes.includes(code)) : scoped
      return {
        issues: listFindings(store.db, wanted, { fresh, sample, limit, offset }).map((finding) => ({
          ...finding,
          severity: lintSeverity[finding.code],
        })),
        total: wanted.reduce((sum, { issues }) => sum + issues, 0),
        counts: counts.map((count) => ({ ...count, severity: lintSeverity[count.code] })),
        fresh,
        scannedAt: getLintScan(store.db)?.scannedAt ?? null,
      }
    },
    async fix(chosen) {
      const store = needStore(deps)
      const fresh = follow(store)
      const { db } = store
      const findings = 'code' in chosen ? findingsWithCode(db, chosen.code) : findingsWithId(db, chosen.issues)
      const codes = new Set(findings.map(({ code }) => code))
      const reason = codes.size === 1 ? `Fix ${[...codes][0]}` : 'Fix findings'
      const before = store.project.revision
      const { fixed, skipped, samples } = await fixLint(store, findings, reason)
      const { revision } = store.project
      if (fresh && revision === before + 1) {
        for (let at = 0; at < samples.length; at += followed)
          rescanSamples(db, samples.slice(at, at + followed), revision)
        if (samples.length === 0) rescanSamples(db, [], revision)
      }
      if (fixed > 0) deps.hub.emit('lint.changed', {})
      return { fixed, skipped }
    },
  }
}
