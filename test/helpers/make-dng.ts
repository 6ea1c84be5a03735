import { encodeLosslessJpeg } from '@shared/raw/encode-lossless-jpeg'
import { packBits } from '@shared/raw/packed-bits'

export interface DngRecipe {
  width: number
  height: number
  bits: number
  /** Stored values, width * height. */
  mosaic: Uint16Array
  littleEndian?: boolean
  compression?: 'none' | 'lossless-jpeg'
  /** Samples a pixel of the JPEG's frame; default 2. */
  components?: number
  /** Tiles of this size; else strips. */
  tile?: [number, number]
  rowsPerStrip?: number
  pattern?: number[]
  black?: number[]
  blackRepeat?: [number, number]
  white?: number
  linearization?: number[]
  /** Top, left, bottom, right. */
  activeArea?: number[]
  orientation?: number
  neutral?: [number, number, number]
  /** The mosaic in a sub-directory, behind a thumbnail, as cameras write it. */
  nested?: boolean
  digest?: boolean
  /** Tags that take the place of the usual ones, or null to leave one out. */
  tags?: Tags
}

type Entry = [type: 'byte' | 'ascii' | 'short' | 'long' | 'rational' | 'srational' | 'undefined', values: number[]]

type Tags = Record<number, Entry | null | undefined>

const types = { byte: [1, 1], ascii: [2, 1], short: [3, 2], long: [4, 4], rational: [5, 8], srational: [10, 8], undefined: [7, 1] } as const // prettier-ignore

/** A DNG with everything that readers look for; for tests. */
export function makeDng(recipe: DngRecipe): Uint8Array {
  const { width, height, bits, mosaic, littleEndian = true, compression = 'none', tile, nested = false } = recipe
  const blockWidth = tile?.[0] ?? width
  const blockHeight = tile?.[1] ?? recipe.rowsPerStrip ?? height
  const blocks: Uint8Array[] = []
  for (let y = 0; y < height; y += blockHeight) {
    for (let x = 0; x < width; x += blockWidth) {
      const rows = tile ? blockHeight : Math.min(blockHeight, height - y)
      const samples = new Uint16Array(blockWidth * rows)
      for (let j = 0; j < rows && y + j < height; j++)
        for (let i = 0; i < blockWidth && x + i < width; i++) samples[j * blockWidth + i] = mosaic[(y + j) * width + x + i] // prettier-ignore
      const components = recipe.components ?? 2
      blocks.push(
        compression === 'none'
          ? packBits(samples, blockWidth, rows, bits, littleEndian)
          : encodeLosslessJpeg(samples, blockWidth / components, rows, components, bits),
      )
    }
  }
  const text = (value: string): number[] => [...Array.from(value, (c) => c.charCodeAt(0)), 0]
  const raw: Tags = {
    254: ['long', [0]],
    256: ['long', [width]],
    257: ['long', [height]],
    258: ['short', [bits]],
    259: ['short', [compression === 'none' ? 1 : 7]],
    262: ['short', [32803]],
    277: ['short', [1]],
    284: ['short', [1]],
    ...(tile
      ? { 322: ['long', [tile[0]]], 323: ['long', [tile[1]]], 324: ['long', blocks.map(() => 0)], 325: ['long', blocks.map((b) => b.length)] } // prettier-ignore
      : {
          273: ['long', blocks.map(() => 0)],
          278: ['long', [blockHeight]],
          279: ['long', blocks.map((b) => b.length)],
        }),
    33421: ['short', [2, 2]],
    33422: ['byte', recipe.pattern ?? [0, 1, 1, 2]],
    ...(recipe.linearization && { 50712: ['short', recipe.linearization] }),
    ...(recipe.blackRepeat && { 50713: ['short', recipe.blackRepeat] }),
    50714: ['long', recipe.black ?? [0]],
    50717: ['long', [recipe.white ?? 2 ** bits - 1]],
    ...(recipe.activeArea && { 50829: ['long', recipe.activeArea] }),
  }
  const main: Tags = {
    271: ['ascii', text('Example')],
    272: ['ascii', text('Example One')],
    274: ['short', [recipe.orientation ?? 1]],
    50706: ['byte', [1, 4, 0, 0]],
    50707: ['byte', [1, 1, 0, 0]],
    50708: ['ascii', text('Example One')],
    50721: ['srational', [6461, 10000, -1164, 10000, -857, 10000, -3825, 10000, 11597, 10000, 2534, 10000, -416, 10000, 1540, 10000, 6039, 10000]], // prettier-ignore
    50728: ['rational', (recipe.neutral ?? [0.5, 1, 0.625]).flatMap((value) => [Math.round(value * 10000), 10000])],
    50778: ['short', [21]],
    ...(recipe.digest && {
      50781: ['byte', Array.from({ length: 16 }, (_, i) => i)],
      51111: ['byte', Array.from({ length: 16 }, (_, i) => 100 + i)],
    }),
  }
  const thumbnail: Tags = {
    254: ['long', [1]],
    256: ['long', [8]],
    257: ['long', [6]],
    258: ['short', [8, 8, 8]],
    259: ['short', [1]],
    262: ['short', [2]],
    273: ['long', [0]],
    277: ['short', [3]],
    278: ['long', [6]],
    279: ['long', [8 * 6 * 3]],
    284: ['short', [1]],
    330: ['long', [0]],
  }
  const writer = makeWriter(littleEndian)
  if (nested) {
    const first = writer.directory({ ...thumbnail, ...main })
    writer.patch(first, 273, [writer.append(new Uint8Array(8 * 6 * 3).fill(90))])
    const second = writer.directory({ ...raw, ...recipe.tags })
    writer.patch(first, 330, [second.start])
    writer.patch(second, tile ? 324 : 273, blocks.map(writer.append))
  } else {
    const only = writer.directory({ ...raw, ...main, ...recipe.tags })
    if (only.places.has(tile ? 324 : 273)) writer.patch(only, tile ? 324 : 273, blocks.map(writer.append))
  }
  return writer.bytes()
}

interface Written {
  start: number
  /** Where the values of each tag lie. */
  places: Map<number, number>
}

function makeWriter(littleEndian: boolean) {
  const file = new Uint8Array(1 << 23)
  const view = new DataView(file.buffer)
  const put = (type: keyof typeof types, at: number, value: number): void => {
    if (types[type][1] === 1) view.setUint8(at, value)
    else if (type === 'short') view.setUint16(at, value, littleEndian)
    else if (type === 'srational') view.setInt32(at, value, littleEndian)
    else view.setUint32(at, value, littleEndian)
  }
  file.set(littleEndian ? [0x49, 0x49] : [0x4d, 0x4d])
  view.setUint16(2, 42, littleEndian)
  view.setUint32(4, 8, littleEndian)
  let end = 8
  return {
    directory(tags: Tags): Written {
      const entries = Object.entries(tags).flatMap(([tag, entry]) => (entry ? [[Number(tag), ...entry] as const] : []))
      const start = end
      const places = new Map<number, number>()
      end += 2 + entries.length * 12 + 4
      view.setUint16(start, entries.length, littleEndian)
      entries.forEach(([tag, type, values], i) => {
        const at = start + 2 + i * 12
        const rational = type === 'rational' || type === 'srational'
        const count = rational ? values.length / 2 : values.length
        const size = rational ? 4 : types[type][1]
        view.setUint16(at, tag, littleEndian)
        view.setUint16(at + 2, types[type][0], littleEndian)
        view.setUint32(at + 4, count, littleEndian)
        let place = at + 8
        if (count * types[type][1] > 4) {
          place = end
          view.setUint32(at + 8, place, littleEndian)
          end += values.length * size + ((values.length * size) & 1)
        }
        values.forEach((value, k) => put(type, place + k * size, value))
        places.set(tag, place)
      })
      return { start, places }
    },
    append(bytes: Uint8Array): number {
      const at = end
      file.set(bytes, at)
      end += bytes.length + (bytes.length & 1)
      return at
    },
    patch({ places }: Written, tag: number, values: number[]) {
      values.forEach((value, i) => view.setUint32(places.get(tag)! + i * 4, value, littleEndian))
    },
    bytes: () => file.slice(0, end),
  }
}

/** Smooth colours with noise and a few extreme values, below 2^bits. */
export function exampleMosaic(width: number, height: number, bits: number): Uint16Array {
  const most = 2 ** bits - 1
  let seed = 12345
  return Uint16Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)]
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    if (i % 97 === 0) return i % 2 === 0 ? 0 : most
    const level = 0.2 + 0.5 * (x / width) + 0.1 * ((x + y) % 2) + ((seed >>> 16) / 65536 - 0.5) * 0.05
    return Math.round(Math.min(1, Math.max(0, level)) * most)
  })
}
