import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { probeImage } from '../../../src-main/media/probe-image'
import { drawDetections } from '../../../src-main/media/draw-detections'
import { openImage, renderImage } from '../../../src-main/media/render-image'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-media-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const image = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#ff0000' } })
const cache = () => join(folder, 'thumbs')

it('sends originals that browsers show, and a PNG of others', async () => {
  await image(40, 30).toFile(join(folder, 'a.jpg'))
  await image(40, 30).toFile(join(folder, 'a.tif'))
  expect(await renderImage(join(folder, 'a.jpg'), { cacheFolder: cache() })).toEqual({
    path: join(folder, 'a.jpg'),
    mime: 'image/jpeg',
  })
  const tif = await renderImage(join(folder, 'a.tif'), { cacheFolder: cache() })
  expect(tif.mime).toBe('image/png')
  expect(await sharp(tif.path).metadata()).toMatchObject({ format: 'png', width: 40, height: 30 })
})

it('makes upright thumbnails of a few widths, once, and anew when the file changes', async () => {
  const file = join(folder, 'a.jpg')
  await image(800, 600).withMetadata({ orientation: 6 }).toFile(file)
  const small = await renderImage(file, { width: 200, cacheFolder: cache() })
  expect(await sharp(small.path).metadata()).toMatchObject({ format: 'webp', width: 256, height: 341 })
  expect(await renderImage(file, { width: 256, cacheFolder: cache() })).toEqual(small)
  expect(await sharp((await renderImage(file, { width: 2000, cacheFolder: cache() })).path).metadata()).toMatchObject({
    width: 600,
  })
  utimesSync(file, 1, 1)
  expect((await renderImage(file, { width: 256, cacheFolder: cache() })).path).not.toBe(small.path)
  expect(readdirSync(cache(), { recursive: true }).filter((name) => String(name).endsWith('.part'))).toEqual([])
})

it('reads bitmaps', async () => {
  // 2 x 1 pixels, 24 bit: red, then blue.
  const bytes = Buffer.alloc(62)
  bytes.write('BM')
  for (const [at, value] of [[2, 62], [10, 54], [14, 40], [18, 2], [22, 1]]) bytes.writeUInt32LE(value, at) // prettier-ignore
  bytes.writeUInt16LE(1, 26)
  bytes.writeUInt16LE(24, 28)
  Buffer.from([0, 0, 255, 255, 0, 0]).copy(bytes, 54)
  writeFileSync(join(folder, 'a.bmp'), bytes)
  expect(await probeImage(join(folder, 'a.bmp'))).toMatchObject({ state: 'ok', width: 2, height: 1 })
  const { data } = await (
    await openImage(join(folder, 'a.bmp'))
  )
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  expect([...data]).toEqual([255, 0, 0, 0, 0, 255])
  await drawDetections(join(folder, 'a.bmp'), join(folder, 'drawn.png'), [])
  await expect((await openImage(join(folder, 'drawn.png'))).metadata()).resolves.toMatchObject({ width: 2, height: 1 })
  writeFileSync(join(folder, 'b.bmp'), bytes.subarray(0, 58))
  expect(await probeImage(join(folder, 'b.bmp'))).toMatchObject({
    state: 'unreadable',
    reason: 'it is cut off or damaged (The bitmap is cut off: it has 58 of 62 bytes. Save it again as PNG.)',
  })
})

it('says what is wrong', async () => {
  writeFileSync(join(folder, 'x.tif'), 'hello')
  await expect(renderImage(join(folder, 'x.tif'), { cacheFolder: cache() })).rejects.toMatchObject({
    code: 'unreadable-image',
  })
  await expect(renderImage(join(folder, 'none.jpg'), { cacheFolder: cache() })).rejects.toMatchObject({
    code: 'not-found',
  })
})
