import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 as zlibCrc } from 'node:zlib'
import { expect, it } from 'vitest'
import { crc32, zipStored } from '@shared/base/zip-stored'
import { unzip } from '../../../src-main/media/unzip'

it('a zip made in memory holds what went in, names in any language', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tagwright-zip-'))
  try {
    const long = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7919) >> 3)
    const entries = [
      { name: 'frames/000001.jpg', data: long },
      { name: 'Möwe 海鸥.json', data: new TextEncoder().encode('{}') },
      { name: 'empty', data: new Uint8Array(0) },
    ]
    const file = join(folder, 'a.zip')
    writeFileSync(file, Buffer.concat(zipStored(entries)))
    await unzip(file, join(folder, 'out'), { maxFiles: 10, maxBytes: 1e7 })
    for (const { name, data } of entries) expect(readFileSync(join(folder, 'out', name)).equals(data)).toBe(true)
    expect(crc32(long)).toBe(zlibCrc(long))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
