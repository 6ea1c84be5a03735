/** What a project says of a recipe that leaves it open. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStudio, type Studio } from '../../../src-main/host/studio'
import { testPorts } from '../../helpers/test-ports'

let folder: string
let studio: Studio

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-recipe-'))
  studio = createStudio(testPorts({}))
})
afterEach(async () => {
  await studio.close()
  rmSync(folder, { recursive: true, force: true })
})

async function open(task: 'classify' | 'detect', side: number) {
  const store = await studio.init(join(folder, 'project'), { task })
  const batch = store.beginImport({ source: folder, root: folder })
  batch.addSamples(['a', 'b', 'c'].map((key) => ({ key, path: `${key}.png`, width: side, height: side - 10 })))
  batch.finish()
  return studio.client().training
}
const sizeOf = ({ recipe }: { recipe: Record<string, unknown> }) => (recipe.input as { size: number }).size

test('a classifier sees small images as they are, unless a side is given', async () => {
  const training = await open('classify', 150)
  expect(sizeOf(await training.check({ recipe: {} }))).toBe(160)
  expect(((await training.form({})).defaults.input as { size: number }).size).toBe(160)
  expect(sizeOf(await training.check({ recipe: { input: { size: 320 } } }))).toBe(320)
  expect(sizeOf(await training.check({ recipe: { input: { multiScale: 1 } } }))).toBe(160)
  // The command of a recipe whose side was chosen says it, or the images would choose again.
  const said = async (recipe: Record<string, unknown>) => (await training.command({ recipe })).command
  expect(await said({ input: { size: 224 } })).toContain('--size 224')
  expect(await said({})).not.toContain('--size')
})

test('a detector keeps its side', async () => {
  const training = await open('detect', 150)
  expect(sizeOf(await training.check({ recipe: {} }))).toBe(320)
})
