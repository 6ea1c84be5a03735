/** Lossless JPEG (SOF3, Huffman coded) as DNG uses it. Source: ITU T.81, annexes B, C, F and H. */
import { badRaw } from './tiff-tree'

export interface LosslessJpeg {
  /** Samples a line and component. */
  width: number
  height: number
  components: number
  bits: number
  /** Lines of interleaved samples: height * width * components. */
  data: Uint16Array
}

/** Decoding looks this many bits ahead in a table; longer codes are found bit by bit. */
const fastBits = 9

interface HuffmanTable {
  /** By the next `fastBits` bits: length << 8 | value; 0: longer. */
  fast: Uint16Array
  /** Per length 1..16: the largest code (-1: none) and what turns a code into a position of `values`. */
  last: Int32Array
  shift: Int32Array
  values: Uint8Array
}

/**
 * @param most samples that the caller has room for; a header that promises more is refused before memory is taken.
 * @throws TagwrightError `bad-raw`.
 */
export function decodeLosslessJpeg(bytes: Uint8Array, most: number): LosslessJpeg {
  const damaged = (what: string) => badRaw(`holds a damaged lossless JPEG: ${what}`)
  const u16 = (at: number): number => {
    if (at + 1 >= bytes.length) throw damaged('it is cut off')
    return (bytes[at] << 8) | bytes[at + 1]
  }
  if (u16(0) !== 0xffd8) throw damaged('it has no start')
  const tables: (HuffmanTable | undefined)[] = []
  let frame: { width: number; height: number; bits: number; ids: number[] } | null = null
  let restart = 0
  for (let at = 2; ;) {
    const marker = u16(at)
    if (marker === 0xffff) {
      at++
      continue
    }
    if (marker >> 8 !== 0xff) throw damaged(`there is no marker at byte ${at}`)
    const length = u16(at + 2)
    const end = at + 2 + length
    if (length < 2 || end > bytes.length) throw damaged('it is cut off')
    const body = at + 4
    if (marker === 0xffc4) readTables(bytes, body, end, tables, damaged)
    else if (marker === 0xffdd) restart = u16(body)
    else if (marker === 0xffc3) {
      if (length < 8) throw damaged('its frame is cut off')
      const ids = Array.from({ length: bytes[body + 5] }, (_, i) => bytes[body + 6 + i * 3])
      frame = { bits: bytes[body], height: u16(body + 1), width: u16(body + 3), ids }
      if (ids.length < 1 || ids.length > 4 || length < 8 + 3 * ids.length || frame.bits < 2 || frame.bits > 16 || frame.width * frame.height === 0) throw damaged('its frame makes no sense') // prettier-ignore
      if (frame.width * frame.height * ids.length > most) throw damaged(`it has ${frame.width} x ${frame.height} x ${ids.length} samples for a block of ${most}`) // prettier-ignore
      for (let i = 0; i < ids.length; i++) if (bytes[body + 7 + i * 3] !== 0x11) throw damaged('its components differ in size') // prettier-ignore
    } else if (marker >= 0xffc0 && marker <= 0xffcf && marker !== 0xffc8 && marker !== 0xffcc) {
      throw damaged(`it is a JPEG of another kind (SOF${marker & 15}), which is not lossless`)
    } else if (marker === 0xffda) {
      if (!frame) throw damaged('it has no frame')
      const count = bytes[body]
      if (count !== frame.ids.length || length < 6 + 2 * count) throw damaged('its scan does not hold all components')
      const chosen = frame.ids.map((_, i) => tables[bytes[body + 2 + i * 2] >> 4])
      const predictor = bytes[body + 1 + count * 2]
      const transform = bytes[body + 3 + count * 2] & 15
      if (predictor < 1 || predictor > 7 || transform >= frame.bits) throw damaged(`it names predictor ${predictor}`)
      if (chosen.some((table) => !table)) throw damaged('a Huffman table is missing')
      const data = decodeScan(bytes, end, frame, chosen as HuffmanTable[], predictor, transform, restart, damaged)
      return { width: frame.width, height: frame.height, components: count, bits: frame.bits, data }
    } else if (marker === 0xffd9) throw damaged('it ends before its samples')
    at = end
  }
}

type Damaged = (what: string) => Error

function readTables(
  bytes: Uint8Array,
  from: number,
  end: number,
  tables: (HuffmanTable | undefined)[],
  damaged: Damaged,
): void {
  // prettier-ignore
  for (let at = from; at < end; ) {
    const id = bytes[at] & 15
    const counts = bytes.subarray(at + 1, at + 17)
    const total = counts.reduce((a, b) => a + b, 0)
    if (id > 3 || at + 17 + total > end) throw damaged('a Huffman table is cut off')
    const values = bytes.slice(at + 17, at + 17 + total)
    const table: HuffmanTable = {
      fast: new Uint16Array(1 << fastBits),
      last: new Int32Array(17).fill(-1),
      shift: new Int32Array(17),
      values,
    }
    for (let length = 1, code = 0, k = 0; length <= 16; length++, code <<= 1) {
      table.shift[length] = k - code
      for (let i = 0; i < counts[length - 1]; i++, code++, k++) {
        if (code >= 1 << length) throw damaged('a Huffman table has more codes than there can be')
        if (values[k] > 16) throw damaged(`a Huffman table has the category ${values[k]}`)
        if (length <= fastBits) table.fast.fill((length << 8) | values[k], code << (fastBits - length), (code + 1) << (fastBits - length)) // prettier-ignore
        table.last[length] = code
      }
    }
    tables[id] = table
    at += 17 + total
  }
}

function decodeScan(
  bytes: Uint8Array,
  start: number,
  { width, height, bits, ids }: { width: number; height: number; bits: number; ids: number[] },
  tables: HuffmanTable[],
  predictor: number,
  transform: number,
  restart: number,
  damaged: Damaged,
): Uint16Array {
  const n = ids.length
  const stride = width * n
  const data = new Uint16Array(stride * height)
  let at = start
  let held = 0
  let count = 0
  let beyond = 0
  /** At least `wanted` (up to 16) bits in `held`; zeros after a marker or the end. */
  const fill = (wanted: number): void => {
    while (count < wanted) {
      let byte = 0
      if (at < bytes.length && !(bytes[at] === 0xff && bytes[at + 1] !== 0)) {
        byte = bytes[at]
        at += byte === 0xff ? 2 : 1
      } else if (++beyond > 8) throw damaged('its samples are cut off')
      held = ((held << 8) | byte) & 0xffffff
      count += 8
    }
  }
  const decode = ({ fast, last, shift, values }: HuffmanTable): number => {
    fill(fastBits)
    const found = fast[(held >> (count - fastBits)) & ((1 << fastBits) - 1)]
    if (found !== 0) {
      count -= found >> 8
      return found & 255
    }
    for (let length = fastBits + 1; length <= 16; length++) {
      fill(length)
      const code = (held >> (count - length)) & ((1 << length) - 1)
      if (last[length] >= 0 && code <= last[length]) {
        count -= length
        return values[code + shift[length]]
      }
    }
    throw damaged('it holds a code that is in no table')
  }
  /** T.81 H.1.2.2 and F.2.2.1: category 16 stands for 32768 without further bits. */
  const difference = (table: HuffmanTable): number => {
    const category = decode(table)
    if (category === 0) return 0
    if (category === 16) return 32768
    fill(category)
    count -= category
    const value = (held >> count) & ((1 << category) - 1)
    return value < 1 << (category - 1) ? value - (1 << category) + 1 : value
  }

  const initial = 1 << (bits - transform - 1)
  // Restart intervals count positions; after one prediction begins anew.
  let left = restart
  let firstLine = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (restart > 0 && left === 0) {
        if (x !== 0) throw damaged('it restarts within a line')
        at = skipRestart(bytes, at, damaged)
        held = count = beyond = 0
        left = restart
        firstLine = y
      }
      left--
      for (let c = 0; c < n; c++) {
        const i = y * stride + x * n + c
        let predicted: number
        if (y === firstLine) predicted = x === 0 ? initial : data[i - n]
        else if (x === 0) predicted = data[i - stride]
        else predicted = predict(predictor, data[i - n], data[i - stride], data[i - stride - n])
        data[i] = predicted + difference(tables[c])
      }
    }
  }
  if (transform > 0) for (let i = 0; i < data.length; i++) data[i] <<= transform
  return data
}

/** T.81 table H.1; left, above, above left. */
function predict(predictor: number, a: number, b: number, c: number): number {
  switch (predictor) {
    case 1:
      return a
    case 2:
      return b
    case 3:
      return c
    case 4:
      return a + b - c
    case 5:
      return a + ((b - c) >> 1)
    case 6:
      return b + ((a - c) >> 1)
    default:
      return (a + b) >> 1
  }
}

function skipRestart(bytes: Uint8Array, from: number, damaged: Damaged): number {
  for (let at = from; at + 1 < bytes.length; at++) {
    if (bytes[at] !== 0xff) continue
    if (bytes[at + 1] >= 0xd0 && bytes[at + 1] <= 0xd7) return at + 2
  }
  throw damaged('a restart mark is missing')
}
