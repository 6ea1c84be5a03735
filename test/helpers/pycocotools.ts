/** pycocotools as the judge, where a Python that has it is installed; its numbers decide what "equal" means. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { CocoEvaluation } from '@shared/evaluation/evaluate-coco'
import { summaryRows, type IouType } from '@shared/evaluation/coco-params'
import { mean } from '@shared/evaluation/numpy'
import { summarizeRow } from '@shared/evaluation/summarize'

export interface PycocotoolsResult {
  numpy: string
  loadSeconds: number
  evaluateSeconds: number
  /** Processor time of both. */
  cpuSeconds: number
  /** Bytes. */
  maxRss: number
  stats: number[]
  table: string[]
  /** SHA-256 over the float64 bytes, C order. */
  hashes: { precision: string; recall: string; scores: string }
}

/** Runs pycocotools with the Python at `python` on two files. */
export function runPycocotools(
  root: string,
  python: string,
  gtFile: string,
  dtFile: string,
  iouType: IouType,
): PycocotoolsResult {
  const script = join(root, 'test/bench/pycocotools_eval.py')
  return JSON.parse(
    execFileSync(python, [script, gtFile, dtFile, iouType], { encoding: 'utf8', maxBuffer: 1 << 26, stdio: 'pipe' }),
  ) as PycocotoolsResult
}

/** Our side in the same form; `numpy` decides how long sums are added (see numpy.ts). */
export function comparable(result: CocoEvaluation, numpy: string): Pick<PycocotoolsResult, 'stats' | 'hashes'> {
  const { accumulated, matches } = result
  const hash = (values: Float64Array) =>
    createHash('sha256')
      .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
      .digest('hex')
  const [major, minor] = numpy.split('.').map(Number)
  const meanOf = (values: Float64Array, count: number) =>
    mean(values, count, major > 2 || (major === 2 && minor > 2) ? Infinity : 8192)
  return {
    stats: summaryRows(matches.params).map((row) => summarizeRow(accumulated, matches.params, row, null, meanOf)),
    hashes: {
      precision: hash(accumulated.precision),
      recall: hash(accumulated.recall),
      scores: hash(accumulated.scores),
    },
  }
}
