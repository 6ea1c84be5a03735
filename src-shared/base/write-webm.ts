/** A WebM file around encoded video frames (Matroska, RFC 9559): one video track, clusters, cues, a known duration. */
import { encodeText } from './text'

export interface WebmFrame {
  data: Uint8Array
  /** Ms from the start, ascending. */
  time: number
  isKey: boolean
}
export interface WebmOptions {
  codec: 'V_VP8' | 'V_VP9'
  width: number
  height: number
  /** Of the whole video, ms. */
  duration: number
}

/** A block's time is a signed 16-bit distance from its cluster's, in ms. */
const longestCluster = 30_000

/** The parts of the file in order; the frames' bytes are not copied. The first frame must be a key frame. */
export function writeWebm(frames: readonly WebmFrame[], { codec, width, height, duration }: WebmOptions): Uint8Array[] {
  const head = element(0x1a45dfa3, [
    unsigned(0x4286, 1),
    unsigned(0x42f7, 1),
    unsigned(0x42f2, 4),
    unsigned(0x42f3, 8),
    text(0x4282, 'webm'),
    unsigned(0x4287, 2),
    unsigned(0x4285, 2),
  ])
  const info = element(0x1549a966, [
    // Times count in ms.
    unsigned(0x2ad7b1, 1_000_000),
    float(0x4489, duration),
    text(0x4d80, 'Tagwright'),
    text(0x5741, 'Tagwright'),
  ])
  const tracks = element(0x1654ae6b, [
    element(0xae, [
      unsigned(0xd7, 1),
      unsigned(0x73c5, 1),
      unsigned(0x83, 1),
      text(0x86, codec),
      element(0xe0, [unsigned(0xb0, width), unsigned(0xba, height)]),
    ]),
  ])
  const clusters: Uint8Array[][] = []
  const cues: { time: number; at: number }[] = []
  let position = sizeOf(info) + sizeOf(tracks)
  for (const group of grouped(frames)) {
    const cluster = element(0x1f43b675, [
      unsigned(0xe7, group[0].time),
      ...group.flatMap(({ data, time, isKey }) => {
        const distance = time - group[0].time
        // Track 1, the distance as 16 bits, then whether it is a key frame.
        const header = [0x81, (distance >> 8) & 255, distance & 255, isKey ? 0x80 : 0]
        return [Uint8Array.from([...id(0xa3), ...size(header.length + data.length), ...header]), data]
      }),
    ])
    cues.push({ time: group[0].time, at: position })
    clusters.push(cluster)
    position += sizeOf(cluster)
  }
  const index = element(
    0x1c53bb6b,
    cues.flatMap(({ time, at }) =>
      element(0xbb, [unsigned(0xb3, time), element(0xb7, [unsigned(0xf7, 1), unsigned(0xf1, at)])]),
    ),
  )
  return [...head, ...element(0x18538067, [info, tracks, ...clusters, index])]
}

/** Each cluster begins with a key frame, so that players can jump to it. Times are rounded to ms. */
function grouped(frames: readonly WebmFrame[]): WebmFrame[][] {
  const groups: WebmFrame[][] = []
  for (const frame of frames) {
    const rounded = { ...frame, time: Math.round(frame.time) }
    const last = groups.at(-1)
    if (!last || frame.isKey || rounded.time - last[0].time > longestCluster) groups.push([rounded])
    else last.push(rounded)
  }
  return groups
}

type Part = Uint8Array | Uint8Array[]

function element(tag: number, content: readonly Part[]): Uint8Array[] {
  const parts = content.flat()
  return [Uint8Array.from([...id(tag), ...size(sizeOf(parts))]), ...parts]
}
const sizeOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0)

/** An id carries its own length marker. */
const id = (tag: number): number[] => bigEndian(tag)

/** Eight bytes always: it costs nothing beside the frames and holds every size. */
const size = (bytes: number): number[] => {
  const low = bigEndian(bytes)
  return [1, ...Array<number>(7 - low.length).fill(0), ...low]
}
function bigEndian(value: number): number[] {
  const bytes: number[] = []
  do {
    bytes.unshift(value % 256)
    value = Math.floor(value / 256)
  } while (value > 0)
  return bytes
}
const unsigned = (tag: number, value: number): Uint8Array[] => element(tag, [Uint8Array.from(bigEndian(value))])
const text = (tag: number, value: string): Uint8Array[] => element(tag, [encodeText(value)])
function float(tag: number, value: number): Uint8Array[] {
  const data = new Uint8Array(8)
  new DataView(data.buffer).setFloat64(0, value)
  return element(tag, [data])
}
