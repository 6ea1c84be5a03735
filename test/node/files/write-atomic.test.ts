/** Whole files or nothing, on a disk that is really full. */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { jsonLines, writeAtomic } from '../../../src-main/jobs/write-atomic'
import { canMount, mountSmallDisk, type SmallDisk } from '../../helpers/small-disk'

let root: string
const at = (...path: string[]) => join(root, ...path)
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tagwright-atomic-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('writeAtomic', () => {
  it('writes texts and bytes in order, and leaves nothing beside the file', async () => {
    await writeAtomic(at('a.txt'), ['é', Uint8Array.of(10, 98), 'c'])
    expect(readFileSync(at('a.txt'), 'utf8')).toBe('é\nbc')
    expect(readdirSync(root)).toEqual(['a.txt'])
  })

  it('keeps the old file when the parts fail half-way', async () => {
    writeFileSync(at('a.txt'), 'old')
    const parts = (function* () {
      yield 'new'
      throw new Error('no more')
    })()
    await expect(writeAtomic(at('a.txt'), parts)).rejects.toMatchObject({ code: 'not-writable' })
    expect(readFileSync(at('a.txt'), 'utf8')).toBe('old')
    expect(readdirSync(root)).toEqual(['a.txt'])
  })

  it('says that a folder cannot be written', async () => {
    const failed = writeAtomic(at('nowhere', 'a.txt'), ['x'])
    await expect(failed).rejects.toMatchObject({ code: 'not-writable', details: { reason: 'ENOENT' } })
  })

  it('two writers of one file do not mix', async () => {
    const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(100_000))
    await Promise.all(texts.map((text) => writeAtomic(at('a.txt'), [text.slice(1), text[0]])))
    expect(texts).toContain(readFileSync(at('a.txt'), 'utf8'))
    expect(readdirSync(root)).toEqual(['a.txt'])
  })
})

describe('jsonLines', () => {
  it.each([[[]], [[1]], [[{ a: 'x' }, { a: 'y' }]]])('%j reads back', (rows) => {
    expect(JSON.parse([...jsonLines(rows)].join(''))).toEqual(rows)
  })
})

describe.skipIf(!canMount)(`on a full disk${canMount ? '' : ' [needs root on Linux]'}`, () => {
  let disk: SmallDisk | null
  beforeEach((context) => {
    disk = mountSmallDisk(at('disk'))
    if (!disk) context.skip('tmpfs cannot be mounted here')
  })
  afterEach(() => disk?.unmount())

  it('says so, keeps the old file, leaves no rest, and works when there is space', async () => {
    mkdirSync(at('disk/out'))
    await writeAtomic(at('disk/out/model.onnx'), ['old'])
    disk!.fill()
    const parts = [Buffer.alloc(100), Buffer.alloc(200_000)]
    const failed = writeAtomic(at('disk/out/model.onnx'), parts)
    await expect(failed).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining('Free some space'),
    })
    expect(readFileSync(at('disk/out/model.onnx'), 'utf8')).toBe('old')
    expect(readdirSync(at('disk/out'))).toEqual(['model.onnx'])
    disk!.free()
    await writeAtomic(at('disk/out/model.onnx'), parts)
    expect(readFileSync(at('disk/out/model.onnx')).length).toBe(200_100)
  })
})
