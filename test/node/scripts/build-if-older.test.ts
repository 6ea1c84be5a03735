import { mkdirSync, mkdtempSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isOutdated } from '../../../scripts/build-if-older.mjs'

let root: string
const built = () => join(root, 'out/main/cli.js')
const source = () => join(root, 'src-shared/base/errors.ts')

/** Sets the modification time of a file or folder, in seconds. */
const age = (path: string, seconds: number) => utimesSync(path, seconds, seconds)

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tagwright-build-'))
  mkdirSync(join(root, 'src-shared/base'), { recursive: true })
  mkdirSync(join(root, 'out/main'), { recursive: true })
  writeFileSync(source(), '')
  writeFileSync(built(), '')
  for (const path of [source(), join(root, 'src-shared/base'), join(root, 'src-shared')]) age(path, 1000)
  age(built(), 2000)
})
afterEach(() => rmSync(root, { recursive: true }))

test('what was built after every source is current', () => {
  expect(isOutdated(root)).toBe(false)
})

test('a changed source, a deleted source and a missing build ask for a build', () => {
  age(source(), 3000)
  expect(isOutdated(root)).toBe(true)
  age(source(), 1000)
  expect(isOutdated(root)).toBe(false)
  unlinkSync(source())
  expect(isOutdated(root)).toBe(true)
  age(join(root, 'src-shared/base'), 1000)
  unlinkSync(built())
  expect(isOutdated(root)).toBe(true)
})
