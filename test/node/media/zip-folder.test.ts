import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { zipFolder } from '../../../src-main/media/zip-folder'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tagwright-zip-'))
  mkdirSync(join(dir, 'data', 'images', 'Möwen'), { recursive: true })
  writeFileSync(join(dir, 'data', 'labels.txt'), 'ship\n'.repeat(1000))
  writeFileSync(join(dir, 'data', 'images', 'Möwen', 'a.jpg'), Buffer.alloc(500, 7))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Central directory of a zip (APPNOTE 4.3.12): name, method, content. */
function entries(zip: Buffer) {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  let at = zip.readUInt32LE(end + 16)
  return Array.from({ length: zip.readUInt16LE(end + 10) }, () => {
    const [method, size, name] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28)]
    const local = zip.readUInt32LE(at + 42)
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    const data = zip.subarray(start, start + size)
    const entry = { name: zip.toString('utf8', at + 46, at + 46 + name), method, data: method === 8 ? inflateRawSync(data) : data } // prettier-ignore
    at += 46 + name + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
    return entry
  })
}

it('packs every file under its relative name, pictures as they are', async () => {
  const file = join(dir, 'out', 'data.zip')
  await zipFolder(join(dir, 'data'), file)
  const found = entries(readFileSync(file))
  expect(found.map(({ name, method }) => [name, method])).toEqual([
    ['images/Möwen/a.jpg', 0],
    ['labels.txt', 8],
  ])
  expect(found[0].data.equals(Buffer.alloc(500, 7))).toBe(true)
  expect(found[1].data.toString()).toBe('ship\n'.repeat(1000))
})

it('leaves nothing behind when it is cancelled', async () => {
  const file = join(dir, 'data.zip')
  await expect(zipFolder(join(dir, 'data'), file, AbortSignal.abort())).rejects.toThrow()
  expect([existsSync(file), existsSync(`${file}.zip.part`)]).toEqual([false, false])
})
