import { resolve } from 'node:path'
import { describe, test, type TestContext } from 'vitest'
import { findOutside, type Need } from './find-outside'

export type { Need } from './find-outside'

/** A need that was looked for: use its `describe`/`test`, which skip visibly when it is not there. */
export interface Needed {
  name: Need
  available: boolean
  /** Folder (data, golden), program (browser, torch's python) or Vulkan driver file (gpu, '' for the system's own). */
  path: string
  /** Why it is not there and what to do; '' when it is. */
  reason: string
  describe(name: string, body: () => void): void
  test(name: string, body: (context: TestContext) => void | Promise<void>, timeout?: number): void
}

const root = resolve(import.meta.dirname, '../..')

/**
 * Looks for something a test needs from outside the repository. Called at the top of a test file:
 *
 *     const golden = need('golden')
 *     golden.describe('YOLOX-nano', () => { test('...', () => read(golden.path)) })
 *
 * @throws Error when it is absent although `TAGWRIGHT_REQUIRE` (comma-separated names) lists it: then a skip is a failure.
 */
export function need(name: Need): Needed {
  const found = findOutside(name, root)
  if ('path' in found) return { name, available: true, path: found.path, reason: '', describe, test }
  const { reason } = found
  const required = (process.env.TAGWRIGHT_REQUIRE ?? '').split(',').map((word) => word.trim())
  if (required.includes(name)) throw new Error(`TAGWRIGHT_REQUIRE lists ${name}, but ${reason}.`)
  console.warn(`skipped, needs ${name}: ${reason}`)
  // The reason is part of the name, so that every reporter shows it; the body is not run, it may read the absent files.
  const skip = (title: string) => test.skip(`${title} [needs ${name}: ${reason}]`, () => {})
  return { name, available: false, path: '', reason, describe: skip, test: skip }
}
