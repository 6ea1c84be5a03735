/** Collects issues of an import or export: every one counted, at most 100 of a code kept. */
import type { DatasetIssue } from '@shared/domain/dataset'

const keptPerCode = 100

export interface IssueList {
  add(...issues: DatasetIssue[]): void
  report(): {
    skipped: DatasetIssue[]
    warnings: DatasetIssue[]
    counts: { skipped: number; warnings: number; codes: Record<string, number> }
  }
}

export function issueList(): IssueList {
  const kept: Record<DatasetIssue['level'], DatasetIssue[]> = { skipped: [], warning: [] }
  const totals = { skipped: 0, warning: 0 }
  const codes: Record<string, number> = {}
  const add = (issue: DatasetIssue) => {
    totals[issue.level]++
    codes[issue.code] = (codes[issue.code] ?? 0) + 1
    if (codes[issue.code] <= keptPerCode) kept[issue.level].push(issue)
  }
  return {
    add: (...issues) => issues.forEach(add),
    report: () => ({
      skipped: kept.skipped,
      warnings: kept.warning,
      counts: { skipped: totals.skipped, warnings: totals.warning, codes },
    }),
  }
}
