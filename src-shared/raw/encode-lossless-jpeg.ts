/** Lossless JPEG with predictor 1 and Huffman tables made for the data. Source: ITU T.81, annexes B, H and K.2. */

/**
 * @param data lines of interleaved samples, width * height * components, below 2^bits.
 * @param bits 2..16. @param components 1..4; 2 with half the width for the lines of a Bayer mosaic.
 */
export function encodeLosslessJpeg(
  data: Uint16Array,
  width: number,
  height: number,
  components: number,
  bits: number,
): Uint8Array {
  // prettier-ignore
  const stride = width * components
  const differences = new Int32Array(data.length)
  const counts = Array.from({ length: components }, () => new Float64Array(17))
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < components; c++, i++) {
        const predicted = x > 0 ? data[i - components] : y > 0 ? data[i - stride] : 1 << (bits - 1)
        // Modulo 2^16, as the decoder adds it: -32767 .. 32768.
        const difference = ((data[i] - predicted) << 16) >> 16
        differences[i] = difference === -32768 ? 32768 : difference
        counts[c][categoryOf(differences[i])]++
      }
    }
  }
  const tables = counts.map(huffmanCode)
  const out = makeWriter(data.length * 2 + 1024)
  out.word(0xffd8)
  out.segment(0xffc3, [bits, height >> 8, height & 255, width >> 8, width & 255, components, ...Array.from({ length: components }, (_, c) => [c, 0x11, 0]).flat()]) // prettier-ignore
  tables.forEach((table, c) => out.segment(0xffc4, [c, ...table.counts, ...table.values]))
  out.segment(0xffda, [components, ...Array.from({ length: components }, (_, c) => [c, c << 4]).flat(), 1, 0, 0])
  for (let i = 0; i < differences.length; i++) {
    const { codes, lengths } = tables[i % components]
    const difference = differences[i]
    const category = categoryOf(difference)
    out.bits(codes[category], lengths[category])
    if (category > 0 && category < 16)
      out.bits(difference < 0 ? difference + (1 << category) - 1 : difference, category)
  }
  out.flush()
  out.word(0xffd9)
  return out.bytes()
}

const categoryOf = (difference: number): number => 32 - Math.clz32(Math.abs(difference))

interface HuffmanCode {
  /** Codes per length 1..16, and the categories in their order. */
  counts: number[]
  values: number[]
  /** By category. */
  codes: number[]
  lengths: number[]
}

/** T.81 K.2: a code of at most 16 bits in which no code consists of ones only. */
function huffmanCode(frequencies: Float64Array): HuffmanCode {
  const code = tryCode(frequencies)
  // Eighteen very unequal weights can make 17 bits: with the differences halved the tree gets flatter.
  return code.counts.length <= 16 ? code : huffmanCode(frequencies.map((weight) => Math.ceil(weight / 2)))
}

function tryCode(frequencies: Float64Array): HuffmanCode {
  const present = Array.from(frequencies.keys()).filter((category) => frequencies[category] > 0)
  // The last symbol takes the code of ones and is left out.
  const reserved = frequencies.length
  let trees = [...present.map((category) => ({ weight: frequencies[category], leaves: [category] })), { weight: 0, leaves: [reserved] }] // prettier-ignore
  const depth = new Map<number, number>([...present, reserved].map((symbol) => [symbol, 0]))
  while (trees.length > 1) {
    trees = trees.toSorted((a, b) => a.weight - b.weight || (a.leaves.includes(reserved) ? -1 : 1))
    const [a, b] = trees
    const leaves = [...a.leaves, ...b.leaves]
    for (const leaf of leaves) depth.set(leaf, depth.get(leaf)! + 1)
    trees = [{ weight: a.weight + b.weight, leaves }, ...trees.slice(2)]
  }
  const longest = Math.max(16, ...depth.values())
  const ordered = present.toSorted((a, b) => depth.get(a)! - depth.get(b)! || a - b)
  const counts = Array.from(
    { length: longest },
    (_, i) => ordered.filter((symbol) => depth.get(symbol) === i + 1).length,
  )
  const codes = new Array<number>(17).fill(0)
  const lengths = new Array<number>(17).fill(0)
  let code = 0
  let length = 0
  for (const symbol of ordered) {
    code <<= depth.get(symbol)! - length
    length = depth.get(symbol)!
    codes[symbol] = code++
    lengths[symbol] = length
  }
  return { counts, values: ordered, codes, lengths }
}

function makeWriter(capacity: number) {
  let buffer = new Uint8Array(capacity)
  let at = 0
  let held = 0
  let count = 0
  const byte = (value: number): void => {
    if (at === buffer.length) {
      const larger = new Uint8Array(buffer.length * 2)
      larger.set(buffer)
      buffer = larger
    }
    buffer[at++] = value
  }
  const word = (value: number): void => {
    byte(value >> 8)
    byte(value & 255)
  }
  const coded = (value: number): void => {
    byte(value)
    // A zero tells 255 from a marker.
    if (value === 255) byte(0)
  }
  return {
    word,
    segment(marker: number, body: number[]) {
      word(marker)
      word(body.length + 2)
      body.forEach(byte)
    },
    bits(value: number, length: number) {
      held = (held << length) | value
      count += length
      while (count >= 8) {
        count -= 8
        coded((held >> count) & 255)
      }
      held &= (1 << count) - 1
    },
    /** Fills the last byte with ones. */
    flush() {
      if (count > 0) coded(((held << (8 - count)) | ((1 << (8 - count)) - 1)) & 255)
      held = count = 0
    },
    bytes: () => buffer.slice(0, at),
  }
}
