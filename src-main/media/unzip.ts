/** Unpacks zip files: APPNOTE 6.3.10 with ZIP64, stored and deflated entries. Names are made safe, sizes are bounded. */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32, createInflateRaw } from 'node:zlib'
import { TagwrightError } from '@shared/base/errors'
import { safePath } from './upload-folder'

export interface UnzipLimits {
  maxFiles: number
  /** Bytes of all unpacked files. */
  maxBytes: number
}

interface ZipEntry {
  name: string
  method: number
  crc: number
  compressed: number
  size: number
  offset: number
  encrypted: boolean
}

/** Returns the number of files. Throws `bad-zip`, `zip-too-large`, `disk-full`. */
export async function unzip(
  file: string,
  target: string,
  { maxFiles, maxBytes }: UnzipLimits,
  signal?: AbortSignal,
): Promise<number> {
  const handle = await open(file)
  try {
    const entries = (await readDirectory(handle, file)).filter(({ name }) => isWanted(name))
    const bytes = entries.reduce((sum, entry) => sum + entry.size, 0)
    if (entries.length > maxFiles || bytes > maxBytes) {
      const message = `${file} holds ${entries.length} files of ${Math.round(bytes / 2 ** 20)} MB together, more than may be unpacked (${maxFiles} files, ${Math.round(maxBytes / 2 ** 20)} MB). Unpack it yourself and import the folder.`
      throw new TagwrightError('zip-too-large', message, { file })
    }
    for (const entry of entries) {
      signal?.throwIfAborted()
      await unpack(handle, file, entry, join(target, safePath(entry.name)), signal)
    }
    return entries.length
  } finally {
    await handle.close()
  }
}

/** Folders, and what systems add on their own, are left out. */
const isWanted = (name: string): boolean => !/\/$|(^|\/)(__MACOSX\/|\.DS_Store$|Thumbs\.db$)/i.test(name)

async function readDirectory(handle: FileHandle, file: string): Promise<ZipEntry[]> {
  const { size } = await handle.stat()
  const read = async (offset: number, length: number): Promise<Buffer> => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset)
    if (bytesRead < length) throw badZip(file, 'it is cut off')
    return buffer
  }
  const tailBytes = Math.min(size, 65_557)
  const tail = await read(size - tailBytes, tailBytes)
  const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]))
  if (end < 0 || end + 22 > tail.length) throw badZip(file, 'its directory is missing')
  let count = tail.readUInt16LE(end + 10)
  let bytes = tail.readUInt32LE(end + 12)
  let offset = tail.readUInt32LE(end + 16)
  const locator = end - 20
  if (locator >= 0 && tail.readUInt32LE(locator) === 0x07064b50) {
    const record = await read(Number(tail.readBigUInt64LE(locator + 8)), 56)
    if (record.readUInt32LE(0) !== 0x06064b50) throw badZip(file, 'its directory is damaged')
    count = Number(record.readBigUInt64LE(32))
    bytes = Number(record.readBigUInt64LE(40))
    offset = Number(record.readBigUInt64LE(48))
  }
  if (bytes > 2 ** 30 || offset + bytes > size) throw badZip(file, 'its directory is damaged')
  const directory = await read(offset, bytes)
  const entries: ZipEntry[] = []
  for (let at = 0, i = 0; i < count; i++) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50) throw badZip(file, 'its directory is damaged') // prettier-ignore
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((place) => directory.readUInt16LE(at + place))
    const flags = directory.readUInt16LE(at + 8)
    const name = directory.subarray(at + 46, at + 46 + nameBytes)
    const entry: ZipEntry = {
      // Without the UTF-8 flag most tools write UTF-8 or ASCII anyway.
      name: name.toString('utf8'),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      compressed: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
      encrypted: (flags & 1) === 1,
    }
    readZip64(directory.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes), entry)
    entries.push(entry)
    at += 46 + nameBytes + extraBytes + commentBytes
  }
  return entries
}

function readZip64(extra: Buffer, entry: ZipEntry): void {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue
    let place = at + 4
    for (const key of ['size', 'compressed', 'offset'] as const) {
      if (entry[key] !== 0xffffffff || place + 8 > extra.length) continue
      entry[key] = Number(extra.readBigUInt64LE(place))
      place += 8
    }
  }
}

async function unpack(
  handle: FileHandle,
  file: string,
  entry: ZipEntry,
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  if (entry.encrypted) throw badZip(file, `${entry.name} is encrypted`)
  if (entry.method !== 0 && entry.method !== 8) throw badZip(file, `${entry.name} uses compression method ${entry.method}`) // prettier-ignore
  const header = Buffer.alloc(30)
  await handle.read(header, 0, 30, entry.offset)
  if (header.readUInt32LE(0) !== 0x04034b50) throw badZip(file, `${entry.name} is not where the directory says`)
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
  let bytes = 0
  let crc = 0
  // What the directory says is checked, not believed: a small file may unpack without limit.
  const check = new Transform({
    transform(piece: Buffer, _, done) {
      bytes += piece.length
      if (bytes > entry.size) return done(badZip(file, `${entry.name} is longer than its directory says`))
      crc = crc32(piece, crc)
      done(null, piece)
    },
  })
  await mkdir(dirname(target), { recursive: true })
  const temporary = `${target}.part`
  try {
    const source =
      entry.compressed > 0 ? createReadStream(file, { start, end: start + entry.compressed - 1 }) : Readable.from([])
    const steps = entry.method === 8 && entry.compressed > 0 ? [source, createInflateRaw(), check] : [source, check]
    await pipeline([...steps, createWriteStream(temporary)], { signal })
    if (bytes !== entry.size || crc !== entry.crc) throw badZip(file, `${entry.name} is damaged`)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw describe(error, file, entry)
  }
}

function describe(error: unknown, file: string, entry: ZipEntry): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOSPC') {
    const message = `The disk is full: ${entry.name} of ${file} could not be unpacked. Free some space and try again.`
    return new TagwrightError('disk-full', message, { file }, { cause: error })
  }
  return code?.startsWith('Z_') ? badZip(file, `${entry.name} is damaged`) : error
}

const badZip = (file: string, what: string): TagwrightError =>
  new TagwrightError('bad-zip', `The zip ${file} cannot be unpacked: ${what}. Make it again.`, { file })
