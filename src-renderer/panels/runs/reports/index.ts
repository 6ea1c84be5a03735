import type { EvaluationDetail } from '@shared/contract/results'
import type { ResultReport } from './report'

const files = import.meta.glob<ResultReport>(['./*.ts', '!./index.ts', '!./report.ts'], {
  eager: true,
  import: 'default',
})

/** Those that have something to show of an evaluation. */
export const reportsOf = (detail: EvaluationDetail) =>
  Object.entries(files).flatMap(([file, report]) => {
    const content = report.of(detail)
    return content ? [{ ...report, key: file, content }] : []
  })
