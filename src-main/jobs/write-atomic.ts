/** Whole files or nothing. */
import * as files from 'node:fs/promises'
import { dirname } from 'node:path'
import { atomicWriter } from '@shared/base/atomic-writer'

export const writeAtomic = atomicWriter(files, process.pid, dirname)

/** A JSON list, one row a line, without holding its whole text. */
export function* jsonLines(rows: readonly unknown[]): Generator<string> {
  if (rows.length === 0) return yield '[]\n'
  let text = '['
  for (let i = 0; i < rows.length; i++) {
    text += `${i === 0 ? '' : ','}\n${JSON.stringify(rows[i])}`
    if (text.length < 1 << 20) continue
    yield text
    text = ''
  }
  yield `${text}\n]\n`
}
