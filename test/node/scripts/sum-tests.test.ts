import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const script = resolve(import.meta.dirname, '../../../scripts/sum-tests.mjs')
let folder: string

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tagwright-sum-'))))
afterEach(() => rmSync(folder, { recursive: true }))

function report(name: string, files: object[]): void {
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({ testResults: files }))
}
const results = (...statuses: string[]) => statuses.map((status, i) => ({ status, fullName: `case ${i}` }))

function sum() {
  const { stdout, status } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' })
  return { lines: stdout.trimEnd().split('\n'), status }
}

test('tiers are summed and skips keep their reasons', () => {
  report('unit', [{ name: 'a', status: 'passed', assertionResults: results('passed', 'passed') }])
  const skipped = { status: 'skipped', fullName: 'Parity [needs golden: no folder]' }
  report('golden', [{ name: 'b', status: 'passed', assertionResults: [...results('passed'), skipped] }])
  expect(sum()).toEqual({ lines: ['skipped 1: needs golden: no folder', '3 passed, 0 failed, 1 skipped'], status: 0 })
})

test('a failed test and a file that does not load are failures', () => {
  report('unit', [
    { name: resolve('a.test.ts'), status: 'failed', assertionResults: results('passed', 'failed') },
    { name: resolve('b.test.ts'), status: 'failed', message: 'Cannot find module\nat b', assertionResults: [] },
  ])
  expect(sum()).toEqual({
    lines: ['failed: a.test.ts: case 1', 'failed: b.test.ts: Cannot find module', '1 passed, 2 failed, 0 skipped'],
    status: 1,
  })
})

test('no report at all is a failure', () => {
  expect(sum()).toMatchObject({
    status: 1,
    lines: [expect.stringContaining('nothing ran'), '0 passed, 0 failed, 0 skipped'],
  })
})
