/** What a recipe makes of the images before a run: whole batches as pictures, by the loader that training uses. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { previewBatches } from '../../../src-worker/train/preview-batches'
import { makeRun, type MadeRun } from '../../helpers/made-run'
import { silentReport } from '../../helpers/silent-report'

let dir: string
let made: MadeRun
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tagwright-preview-'))
  made = await makeRun(dir, { images: 8 })
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const draw = (out: string, recipe: object, snapshot = join(made.runDir, 'snapshot.jsonl.gz')) =>
  previewBatches(
    {
      recipe: { input: { size: 64 }, ...recipe },
      snapshot,
      out: join(dir, out),
      batches: 2,
      batch: 3,
    },
    { report: silentReport().report, signal: new AbortController().signal },
  )
const pixels = (file: string) => sharp(file).raw().toBuffer()

describe('augmented batches', () => {
  it('are pictures of the recipe’s size, the same for the same seed', async () => {
    const { images } = await draw('a', {})
    expect(images).toHaveLength(2)
    for (const { file, width, height } of images) {
      const found = await sharp(file).metadata()
      expect([found.width, found.height]).toEqual([width, height])
      expect(width).toBeGreaterThanOrEqual(64)
    }
    const again = await draw('b', {})
    expect(await pixels(again.images[0].file)).toEqual(await pixels(images[0].file))
    const other = await draw('c', { seed: 7 })
    expect(await pixels(other.images[0].file)).not.toEqual(await pixels(images[0].file))
  })

  it('show what the augmentation does', async () => {
    const plain = await draw('plain', { augment: [] })
    const turned = await draw('turned', { augment: [{ id: 'flip', p: 1 }] })
    expect(await pixels(turned.images[0].file)).not.toEqual(await pixels(plain.images[0].file))
  })

  it('need images in the splits that are trained on', async () => {
    await expect(draw('none', { data: { trainSplits: ['test'] } })).rejects.toMatchObject({ code: 'no-samples' })
    expect(existsSync(join(dir, 'none'))).toBe(false)
  })

  it('are drawn from all images before any has a split', async () => {
    const undivided = join(dir, 'undivided.jsonl.gz')
    const rows = gunzipSync(readFileSync(join(made.runDir, 'snapshot.jsonl.gz'))).toString()
    writeFileSync(undivided, gzipSync(rows.replaceAll(/"split":"\w+"/g, '"split":null')))
    expect((await draw('undivided', {}, undivided)).images).toHaveLength(2)
  })
})
