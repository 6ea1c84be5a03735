/** Scans the whole project for what looks wrong. */
import { z } from 'zod'
import { countFindings, type LintCount } from '../store/lint-issue'
import { countSamples } from '../store/sample'
import { scanLint } from '../store/scan-lint'
import { defineJob } from './define-job'
import { needStore, type JobDeps } from './job-deps'

export interface LintReport {
  issues: number
  counts: LintCount[]
}

export const lintJob = (deps: JobDeps) =>
  defineJob({
    kind: 'lint',
    lane: 'data',
    params: z.strictObject({}),
    async run(_, { signal, report }): Promise<LintReport> {
      const { db } = needStore(deps)
      const total = countSamples(db)
      const { issues } = await scanLint(db, { signal, report: (done) => report('checking', done, total) })
      deps.hub.emit('lint.changed', {})
      return { issues, counts: countFindings(db, { fresh: true }) }
    },
  })
