import type { Dng } from './dng'
import { blockPlace, decodeBlock, storedRows } from './decode-mosaic'
import { encodeLosslessJpeg } from './encode-lossless-jpeg'
import { packBits } from './packed-bits'
import { badRaw, type TiffDirectory, type TiffTag } from './tiff-tree'

/** Fingerprints of the pixels, which no longer hold: RawDataUniqueID, RawImageDigest, NewRawImageDigest. */
const fingerprints = [50781, 50972, 51111]

/**
 * The same DNG with other pixels, stored as before: bit depth, compression, strips or tiles. Every other byte is kept,
 * except that the entries of fingerprints of the old pixels are taken out and, when compressed blocks change their
 * length, the numbers that say where they lie. Blocks that grow move to the end of the file. Previews stay.
 *
 * @param file the whole file that `dng` was read from; not changed.
 * @param mosaic width * height stored values.
 * @throws TagwrightError `bad-raw` when a place cannot be named in the file's own tags.
 */
export function* writeMosaic(file: Uint8Array, dng: Dng, mosaic: Uint16Array): Generator<void, Uint8Array> {
  const { littleEndian } = dng.tree
  const blocks: Uint8Array[] = []
  for (let block = 0; block < dng.offsets.length; block++) {
    blocks.push(encodeBlock(file, dng, block, mosaic))
    yield
  }
  // In place where they fit; the others after the end, from even bytes on.
  const offsets = dng.offsets.slice()
  let end = file.length
  blocks.forEach((bytes, i) => {
    if (bytes.length <= dng.sizes[i]) return
    offsets[i] = end + (end & 1)
    end = offsets[i] + bytes.length
  })
  const result = new Uint8Array(end)
  result.set(file)
  const view = new DataView(result.buffer)
  blocks.forEach((bytes, i) => result.set(bytes, offsets[i]))
  if (dng.compression !== 'none') {
    const sizes = blocks.map((bytes) => bytes.length)
    putNumbers(view, dng.directory.tags.get(dng.tiled ? 324 : 273)!, offsets, littleEndian)
    putNumbers(view, dng.directory.tags.get(dng.tiled ? 325 : 279)!, sizes, littleEndian)
  }
  for (const directory of dng.tree.directories) dropEntries(view, directory, fingerprints, littleEndian)
  return result
}

function encodeBlock(file: Uint8Array, dng: Dng, block: number, mosaic: Uint16Array): Uint8Array {
  const rows = storedRows(dng, block)
  const { x, y, width, height } = blockPlace(dng, block)
  // What a tile holds beyond the picture stays.
  const { samples: old, frame } = decodeBlock((at, length) => file.subarray(at, at + length), dng, block)
  const samples = old.slice(0, dng.blockWidth * rows)
  for (let row = 0; row < height; row++) {
    const from = (y + row) * dng.width + x
    samples.set(mosaic.subarray(from, from + width), row * dng.blockWidth)
  }
  if (dng.compression === 'none') return packBits(samples, dng.blockWidth, rows, dng.bits, dng.tree.littleEndian)
  // Two columns as two components: neighbours of one colour are predicted from each other.
  const components = frame?.components ?? (dng.blockWidth % 2 === 0 ? 2 : 1)
  const across = frame?.width ?? dng.blockWidth / components
  return encodeLosslessJpeg(samples, across, samples.length / components / across, components, dng.bits)
}

function putNumbers(view: DataView, tag: TiffTag, values: number[], littleEndian: boolean): void {
  values.forEach((value, i) => {
    if (tag.type === 4 || tag.type === 13) view.setUint32(tag.valueAt + 4 * i, value, littleEndian)
    else if (tag.type === 3 && value < 65536) view.setUint16(tag.valueAt + 2 * i, value, littleEndian)
    else throw badRaw(`cannot name byte ${value} in its tag ${tag.tag}`, 'Convert it to an uncompressed DNG first.')
  })
}

/** Later entries move up; the bytes that become free at the end are set to 0. Values lie where they were. */
function dropEntries(view: DataView, directory: TiffDirectory, tags: number[], littleEndian: boolean): void {
  const count = view.getUint16(directory.at, littleEndian)
  const bytes = new Uint8Array(view.buffer)
  const start = directory.at + 2
  let kept = 0
  for (let i = 0; i < count; i++) {
    const entry = start + i * 12
    if (tags.includes(view.getUint16(entry, littleEndian))) continue
    if (kept < i) bytes.copyWithin(start + kept * 12, entry, entry + 12)
    kept++
  }
  if (kept === count) return
  const next = view.getUint32(start + count * 12, littleEndian)
  bytes.fill(0, start + kept * 12, start + count * 12 + 4)
  view.setUint16(directory.at, kept, littleEndian)
  view.setUint32(start + kept * 12, next, littleEndian)
}
