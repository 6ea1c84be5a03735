/** Directories of a TIFF file with all their tags. Sources: TIFF 6.0 section 2; sub-directories: TIFF Technical Note 1. */
import { TagwrightError } from '../base/errors'
import type { ReadAt } from '../base/image-header'

export interface TiffTag {
  tag: number
  type: number
  count: number
  /** Where the entry of 12 bytes lies in the file. */
  entryAt: number
  /** Where the values lie: within the entry when they fit. */
  valueAt: number
  /** Bytes of all values. */
  bytes: number
}

export interface TiffDirectory {
  /** Where the number of entries stands. */
  at: number
  tags: Map<number, TiffTag>
}

export interface TiffTree {
  littleEndian: boolean
  /** The first one, those that follow it and all sub-directories. */
  directories: TiffDirectory[]
}

/** Bytes of a value by type, TIFF 6.0 and type 13 (IFD). */
const sizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4]
/** More than any camera writes; keeps damaged files from taking time and memory. */
const mostDirectories = 64
const mostEntries = 4096
const mostValues = 4_000_000

/** Null unless the file begins as a TIFF with 32-bit offsets. @throws TagwrightError `bad-raw` for directories that cannot be read. */
export function readTiffTree(readAt: ReadAt): TiffTree | null {
  const head = readAt(0, 8)
  const order = head.length < 8 ? '' : String.fromCharCode(head[0], head[1])
  if (order !== 'II' && order !== 'MM') return null
  const littleEndian = order === 'II'
  const at = (offset: number, length: number): DataView => viewAt(readAt, offset, length)
  if (at(0, 8).getUint16(2, littleEndian) !== 42) return null
  const tree: TiffTree = { littleEndian, directories: [] }
  const waiting = [at(0, 8).getUint32(4, littleEndian)]
  const seen = new Set<number>()
  while (waiting.length > 0) {
    const start = waiting.shift()!
    if (start === 0 || seen.has(start)) continue
    seen.add(start)
    if (seen.size > mostDirectories) throw badRaw(`has more than ${mostDirectories} directories`)
    const count = at(start, 2).getUint16(0, littleEndian)
    if (count > mostEntries) throw badRaw(`has a directory of ${count} entries`)
    const entries = at(start + 2, count * 12 + 4)
    const directory: TiffDirectory = { at: start, tags: new Map() }
    for (let i = 0; i < count; i++) {
      const type = entries.getUint16(i * 12 + 2, littleEndian)
      const values = entries.getUint32(i * 12 + 4, littleEndian)
      const bytes = (sizes[type] ?? 0) * values
      const entryAt = start + 2 + i * 12
      const valueAt = bytes <= 4 ? entryAt + 8 : entries.getUint32(i * 12 + 8, littleEndian)
      const tag = entries.getUint16(i * 12, littleEndian)
      directory.tags.set(tag, { tag, type, count: values, entryAt, valueAt, bytes })
    }
    tree.directories.push(directory)
    // 330: SubIFDs, 34665: Exif.
    for (const tag of [330, 34665]) waiting.push(...readNumbers(readAt, tree, directory, tag).slice(0, mostDirectories))
    waiting.push(entries.getUint32(count * 12, littleEndian))
  }
  return tree
}

/**
 * Values of a numeric tag, rationals as quotients; empty when the tag is not there.
 * @throws TagwrightError `bad-raw` when they lie outside the file or are too many.
 */
export function readNumbers(
  readAt: ReadAt,
  { littleEndian }: TiffTree,
  { tags }: TiffDirectory,
  tag: number,
): number[] {
  // prettier-ignore
  const entry = tags.get(tag)
  if (!entry || entry.bytes === 0) return []
  if (entry.count > mostValues) throw badRaw(`has ${entry.count} values in tag ${tag}`)
  const view = viewAt(readAt, entry.valueAt, entry.bytes)
  const read = readers[entry.type]
  if (!read) return []
  return Array.from({ length: entry.count }, (_, i) => read(view, i * sizes[entry.type], littleEndian))
}

/** Text of an ASCII tag up to its end mark; '' when it is not there. */
export function readText(readAt: ReadAt, { tags }: TiffDirectory, tag: number): string {
  const entry = tags.get(tag)
  if (!entry || entry.bytes > 4096) return ''
  const text = String.fromCharCode(...readAt(entry.valueAt, entry.bytes))
  return text.split('\0')[0].trim()
}

const readers: Record<number, (view: DataView, at: number, little: boolean) => number> = {
  1: (view, at) => view.getUint8(at),
  3: (view, at, little) => view.getUint16(at, little),
  4: (view, at, little) => view.getUint32(at, little),
  5: (view, at, little) => view.getUint32(at, little) / view.getUint32(at + 4, little),
  6: (view, at) => view.getInt8(at),
  7: (view, at) => view.getUint8(at),
  8: (view, at, little) => view.getInt16(at, little),
  9: (view, at, little) => view.getInt32(at, little),
  10: (view, at, little) => view.getInt32(at, little) / view.getInt32(at + 4, little),
  11: (view, at, little) => view.getFloat32(at, little),
  12: (view, at, little) => view.getFloat64(at, little),
  13: (view, at, little) => view.getUint32(at, little),
}

function viewAt(readAt: ReadAt, offset: number, length: number): DataView {
  const bytes = readAt(offset, length)
  if (bytes.length < length) throw badRaw(`ends before byte ${offset + length}: it is cut off or damaged`)
  return new DataView(bytes.buffer, bytes.byteOffset, length)
}

/** @param what reads on from "The RAW file ...". */
export function badRaw(
  what: string,
  next = 'Copy it again from the camera, or convert it to DNG with another program.',
): TagwrightError {
  // prettier-ignore
  return new TagwrightError('bad-raw', `The RAW file ${what}. ${next}`)
}
