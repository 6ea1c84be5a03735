/** What a DNG file says about its mosaic. Source: Adobe, "Digital Negative (DNG) Specification", 1.7. */
import type { ReadAt } from '../base/image-header'
import { badRaw, readNumbers, readText, readTiffTree, type TiffDirectory, type TiffTree } from './tiff-tree'

export interface Dng {
  tree: TiffTree
  /** Of the raw picture. */
  directory: TiffDirectory
  /** Stored pixels, masked borders included. */
  width: number
  height: number
  bits: number
  compression: 'none' | 'lossless-jpeg'
  /** Strips are blocks as wide as the picture. */
  tiled: boolean
  blockWidth: number
  blockHeight: number
  /** Blocks across. */
  across: number
  /** Per block, row by row. */
  offsets: number[]
  sizes: number[]
  /** The pixels that saw light. */
  active: { x: number; y: number; width: number; height: number }
  /** Colour (0 red, 1 green, 2 blue) of the 2x2 pixels at the upper left corner of the active area. */
  pattern: [number, number, number, number]
  /** From stored values to linear ones; null: they are linear. */
  linearization: Uint16Array | null
  /** Linear value of black, repeating from the corner of the active area. */
  black: { columns: number; rows: number; values: number[] }
  /** Added to it by column and by row of the active area; empty: nothing. */
  blackByColumn: number[]
  blackByRow: number[]
  /** Linear value of white. */
  white: number
  /** Camera values of a neutral grey, as shot. */
  neutral: [number, number, number]
  /** XYZ to camera, three rows; for daylight where there are two. Null: not given. */
  colorMatrix: number[] | null
  /** EXIF 1..8. */
  orientation: number
  camera: string
}

const tagOf = {
  subfile: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  make: 271,
  model: 272,
  stripOffsets: 273,
  orientation: 274,
  samples: 277,
  rowsPerStrip: 278,
  stripSizes: 279,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileSizes: 325,
  sampleFormat: 339,
  cfaSize: 33421,
  cfaPattern: 33422,
  dngVersion: 50706,
  planeColor: 50710,
  cfaLayout: 50711,
  linearization: 50712,
  blackRepeat: 50713,
  black: 50714,
  blackByColumn: 50715,
  blackByRow: 50716,
  white: 50717,
  colorMatrix1: 50721,
  colorMatrix2: 50722,
  neutral: 50728,
  activeArea: 50829,
  illuminant1: 50778,
} as const

/** Larger pictures are refused before memory is taken. */
const mostPixels = 2 ** 28
const cfa = 32803
const daylight = 21

/** True for a TIFF that names a DNG version, by a few hundred bytes of it. Never throws. */
export function isDng(readAt: ReadAt): boolean {
  try {
    return readTiffTree(readAt)?.directories[0]?.tags.has(tagOf.dngVersion) ?? false
  } catch {
    return false
  }
}

/**
 * Reads directories only, no pixels.
 * @throws TagwrightError `bad-raw` for what is no DNG, is damaged, or is stored in a way that is not read here.
 */
export function readDng(readAt: ReadAt): Dng {
  const tree = readTiffTree(readAt)
  const main = tree?.directories[0]
  if (!tree || !main?.tags.has(tagOf.dngVersion)) throw badRaw('is no DNG: it names no DNG version')
  const numbers = (directory: TiffDirectory, tag: number) => readNumbers(readAt, tree, directory, tag)
  const directory = findRaw(tree, numbers)
  const list = (tag: number): number[] => numbers(directory, tag)
  const one = (tag: number, otherwise: number): number => list(tag)[0] ?? otherwise

  const width = one(tagOf.width, 0)
  const height = one(tagOf.height, 0)
  if (!(width >= 2 && height >= 2 && width * height <= mostPixels)) throw badRaw(`has the size ${width} x ${height}, which cannot be read`) // prettier-ignore
  if (one(tagOf.samples, 1) !== 1)
    throw badRaw(`has ${one(tagOf.samples, 1)} values a pixel instead of a mosaic of one`)
  const bits = one(tagOf.bits, 16)
  if (!(Number.isInteger(bits) && bits >= 8 && bits <= 16))
    throw badRaw(`has ${bits} bits a pixel; 8 to 16 can be read`)
  if (one(tagOf.sampleFormat, 1) !== 1) throw badRaw('stores floating-point values, which are not read')
  if (one(tagOf.fillOrder, 1) !== 1) throw badRaw('stores its bits in reverse order, which is not read')
  const code = one(tagOf.compression, 1)
  if (code !== 1 && code !== 7)
    throw badRaw(`is compressed by method ${code}; uncompressed and lossless JPEG can be read`)

  const tiled = directory.tags.has(tagOf.tileWidth)
  const blockWidth = tiled ? one(tagOf.tileWidth, 0) : width
  const blockHeight = tiled ? one(tagOf.tileHeight, 0) : Math.min(height, one(tagOf.rowsPerStrip, height))
  if (!(blockWidth > 0 && blockHeight > 0 && blockWidth * blockHeight <= mostPixels)) throw badRaw(`has blocks of ${blockWidth} x ${blockHeight} pixels, which cannot be read`) // prettier-ignore
  const across = Math.ceil(width / blockWidth)
  const blocks = across * Math.ceil(height / blockHeight)
  const offsets = list(tiled ? tagOf.tileOffsets : tagOf.stripOffsets)
  const sizes = list(tiled ? tagOf.tileSizes : tagOf.stripSizes)
  if (offsets.length < blocks || sizes.length < blocks) throw badRaw(`names ${Math.min(offsets.length, sizes.length)} of ${blocks} blocks of pixels`) // prettier-ignore

  const [top, left, bottom, right] = directory.tags.has(tagOf.activeArea) ? list(tagOf.activeArea) : [0, 0, height, width] // prettier-ignore
  if (!(left >= 0 && top >= 0 && right <= width && bottom <= height && right - left >= 2 && bottom - top >= 2)) {
    throw badRaw(`names the active area ${left}, ${top} to ${right}, ${bottom} of ${width} x ${height} pixels`)
  }
  const table = list(tagOf.linearization)
  const [rows = 1, columns = 1] = list(tagOf.blackRepeat)
  const values = list(tagOf.black)
  const black = rows >= 1 && columns >= 1 && values.length >= rows * columns ? { rows, columns, values } : { rows: 1, columns: 1, values: [values[0] ?? 0] } // prettier-ignore
  const white = one(tagOf.white, 2 ** bits - 1)
  const neutral = numbers(main, tagOf.neutral)
  const matrix2 = numbers(main, tagOf.colorMatrix2)
  const matrix1 = numbers(main, tagOf.colorMatrix1)
  const matrix = numbers(main, tagOf.illuminant1)[0] === daylight || matrix2.length !== 9 ? matrix1 : matrix2
  const turned = numbers(main, tagOf.orientation)[0]
  return {
    tree,
    directory,
    width,
    height,
    bits,
    compression: code === 7 ? 'lossless-jpeg' : 'none',
    tiled,
    blockWidth,
    blockHeight,
    across,
    offsets: offsets.slice(0, blocks),
    sizes: sizes.slice(0, blocks),
    active: { x: left, y: top, width: right - left, height: bottom - top },
    pattern: readPattern(list),
    linearization: table.length > 0 ? Uint16Array.from(table) : null,
    black,
    blackByColumn: list(tagOf.blackByColumn).map((value) => (Number.isFinite(value) ? value : 0)),
    blackByRow: list(tagOf.blackByRow).map((value) => (Number.isFinite(value) ? value : 0)),
    white,
    neutral: neutral.length === 3 && neutral.every((v) => v > 0 && v < Infinity) ? [neutral[0], neutral[1], neutral[2]] : [1, 1, 1], // prettier-ignore
    colorMatrix: matrix.length === 9 && matrix.every(Number.isFinite) ? matrix : null,
    orientation: turned >= 1 && turned <= 8 ? turned : 1,
    camera: [readText(readAt, main, tagOf.make), readText(readAt, main, tagOf.model)].filter(Boolean).join(' '),
  }
}

type Numbers = (directory: TiffDirectory, tag: number) => number[]

/** The full-size picture; previews and thumbnails are marked as reduced. */
function findRaw(tree: TiffTree, numbers: Numbers): TiffDirectory {
  const pictures = tree.directories.filter(({ tags }) => tags.has(tagOf.width))
  const full = pictures.filter((directory) => ((numbers(directory, tagOf.subfile)[0] ?? 0) & 1) === 0)
  const raw = full.find((directory) => numbers(directory, tagOf.photometric)[0] === cfa)
  if (raw) return raw
  const kinds = full.map((directory) => numbers(directory, tagOf.photometric)[0])
  throw badRaw(
    kinds.includes(34892)
      ? 'holds a picture that is demosaiced already (linear DNG)'
      : 'holds no mosaic of a colour filter array',
    'Convert it from the original RAW file without demosaicing.',
  )
}

function readPattern(list: (tag: number) => number[]): Dng['pattern'] {
  const size = list(tagOf.cfaSize)
  const colours = list(tagOf.planeColor)
  const planes = colours.length > 0 ? colours : [0, 1, 2]
  const pattern = list(tagOf.cfaPattern)
  if (size.length === 2 && (size[0] !== 2 || size[1] !== 2)) {
    throw badRaw(`has a colour filter of ${size.join(' x ')} pixels; Bayer filters (2 x 2) can be read`)
  }
  if ((list(tagOf.cfaLayout)[0] ?? 1) !== 1) throw badRaw('has a staggered colour filter, which is not read')
  const counted = [0, 1, 2].map((colour) => pattern.filter((value) => value === colour).length)
  const known = planes.every((colour, i) => colour === i) && planes.length === 3
  const diagonal = pattern[0] === pattern[3] || pattern[1] === pattern[2]
  if (pattern.length !== 4 || !known || counted.join() !== '1,2,1' || !diagonal) {
    throw badRaw(`has the colour filter ${pattern.join(' ') || '(none named)'}; Bayer filters of red, green and blue can be read`) // prettier-ignore
  }
  return [pattern[0], pattern[1], pattern[2], pattern[3]]
}
