/** Equal and near-equal images: reads those that have no hash yet, then compares all. */
import { stat } from 'node:fs/promises'
import { z } from 'zod'
import type { duplicatePairSchema, Finding } from '@shared/contract/training'
import { nearPairs } from '@shared/domain/near-duplicates'
import { differenceHash } from '../media/fingerprint'
import { hashFile } from '../media/hash-file'
import { sql } from '../store/db'
import { makeFinding } from '../store/health'
import { countUnhashed, saveFileFacts, walkImages, type FileFacts } from '../store/sample-file'
import { defineJob } from './define-job'
import { needStore, type JobDeps } from './job-deps'

export interface Duplicates {
  /** The first 1,000, nearest first. */
  pairs: z.infer<typeof duplicatePairSchema>[]
  total: number
  /** Pairs whose images are in different splits. */
  acrossSplits: number
  findings: Finding[]
}

const writeEvery = 50

export const findDuplicatesJob = (deps: Pick<JobDeps, 'store'>) =>
  defineJob({
    kind: 'find-duplicates',
    lane: 'data',
    params: z.object({}),
    async run(_, { signal, report, log }): Promise<Duplicates> {
      const store = needStore(deps)
      const { db } = store
      const total = countUnhashed(db)
      let done = 0
      const facts: FileFacts[] = []
      for (const page of walkImages(db, store.folder, { unhashed: true })) {
        for (const { id, file } of page) {
          signal.throwIfAborted()
          try {
            const { size, mtimeMs } = await stat(file)
            const [hash, dhash] = [await hashFile(file, signal), await differenceHash(file)]
            facts.push({ id, bytes: size, mtime: mtimeMs, hash, dhash })
          } catch (error) {
            signal.throwIfAborted()
            log('warning', `${file} cannot be read: ${(error as Error).message}`)
          }
          if (facts.length >= writeEvery) saveFileFacts(db, facts.splice(0))
          report('reading images', ++done, total)
        }
      }
      saveFileFacts(db, facts)
      report('comparing', 0, null)
      const rows = sql<{ id: number; split: string | null; sha: string | null; hash: string | null }>(
        db,
        `SELECT s.id, s.split, s.hash AS sha, f.dhash AS hash FROM visible_sample s JOIN sample_file f ON f.sample_id = s.id
         WHERE s.state = 'ok'`,
      ).all()
      const byId = new Map(rows.map((row) => [row.id, row]))
      const pairs = nearPairs(rows.flatMap(({ id, hash }) => (hash === null ? [] : [{ id, hash }]))).map(
        ({ a, b, distance }): Duplicates['pairs'][number] => {
          const [x, y] = [byId.get(a)!, byId.get(b)!]
          const identical = x.sha !== null && x.sha === y.sha
          return { a, b, distance, identical, splits: [x.split, y.split] }
        },
      )
      const across = pairs.filter(({ splits: [x, y] }) => x !== null && y !== null && x !== y)
      return {
        pairs: pairs.slice(0, 1000),
        total: pairs.length,
        acrossSplits: across.length,
        findings: across.length > 0 ? [leak(across)] : [],
      }
    },
  })

function leak(pairs: Duplicates['pairs']): Finding {
  const samples = [...new Set(pairs.flatMap(({ a, b }) => [a, b]))]
  const about = { samples: samples.slice(0, 200), count: samples.length }
  return makeFinding('near-leakage', 'warning', { pairs: pairs.length }, about)
}
