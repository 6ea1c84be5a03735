/**
 * How a parameter lies in memory in a lowered program. Outside a program every parameter has its logical shape (that
 * of the PyTorch state dict); `pack` and `unpack` convert. Padding lanes are zero and stay zero during training.
 */
import { type Shape, size } from '../graph'

/** Where logical channels sit among physical ones, which come in whole blocks. */
export interface ChannelMap {
  /** Physical channel of each logical one. */
  readonly positions: readonly number[]
  /** Physical channels, a multiple of the block. */
  readonly padded: number
}

export type Storage =
  | { readonly kind: 'plain'; readonly shape: Shape }
  /** A vector per channel: [padded]. */
  | { readonly kind: 'channels'; readonly shape: Shape; readonly map: ChannelMap }
  /** Weights [Co,Ci,k,k] as [Co/b, Ci/b, k*k, b(in), b(out)]. */
  | {
      readonly kind: 'conv'
      readonly shape: Shape
      readonly in: ChannelMap
      readonly out: ChannelMap
      readonly block: number
    }
  /** Depth-wise weights [C,1,k,k] as [C/b, k*k, b]. */
  | { readonly kind: 'depthwise'; readonly shape: Shape; readonly map: ChannelMap; readonly block: number }
  /** Weights of a convolution over interleaved image rows, [Co,Ci,k,k] as [Co/b, k, k*Ci, b]. */
  | { readonly kind: 'rows'; readonly shape: Shape; readonly out: ChannelMap; readonly block: number }

const roundUp = (n: number, block: number): number => Math.ceil(n / block) * block
export const channelMap = (channels: number, block: number): ChannelMap => ({
  positions: Array.from({ length: channels }, (_, i) => i),
  padded: roundUp(channels, block),
})
export const joinMaps = (maps: readonly ChannelMap[]): ChannelMap => {
  let base = 0
  const positions: number[] = []
  for (const map of maps) {
    for (const p of map.positions) positions.push(base + p)
    base += map.padded
  }
  return { positions, padded: base }
}
export const isDense = (map: ChannelMap): boolean => map.positions.every((p, i) => p === i)
export const sameMap = (a: ChannelMap, b: ChannelMap): boolean =>
  a.padded === b.padded &&
  a.positions.length === b.positions.length &&
  a.positions.every((p, i) => p === b.positions[i])

export const sameStorage = (a: Storage, b: Storage): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Numbers in memory, padding included. */
export function storedSize(storage: Storage): number {
  const { shape } = storage
  if (storage.kind === 'plain') return size(shape)
  if (storage.kind === 'channels') return storage.map.padded
  const taps = shape[2] * shape[3]
  if (storage.kind === 'conv') return storage.out.padded * storage.in.padded * taps
  if (storage.kind === 'depthwise') return storage.map.padded * taps
  return storage.out.padded * taps * shape[1]
}

/** Physical index of every logical number, in C order of the logical shape. */
export function storageIndex(storage: Storage): Int32Array {
  const { shape } = storage
  const index = new Int32Array(size(shape))
  if (storage.kind === 'plain') {
    for (let i = 0; i < index.length; i++) index[i] = i
    return index
  }
  if (storage.kind === 'channels') {
    storage.map.positions.forEach((p, i) => (index[i] = p))
    return index
  }
  const [co, ci, kh, kw] = shape
  const taps = kh * kw
  const b = storage.block
  let at = 0
  for (let o = 0; o < co; o++)
    for (let i = 0; i < ci; i++)
      for (let t = 0; t < taps; t++) {
        if (storage.kind === 'conv') {
          const po = storage.out.positions[o]
          const pi = storage.in.positions[i]
          const cell = (Math.floor(po / b) * (storage.in.padded / b) + Math.floor(pi / b)) * taps + t
          index[at++] = (cell * b + (pi % b)) * b + (po % b)
        } else if (storage.kind === 'depthwise') {
          const p = storage.map.positions[o]
          index[at++] = (Math.floor(p / b) * taps + t) * b + (p % b)
        } else {
          const po = storage.out.positions[o]
          const row = Math.floor(t / kw)
          const column = (t % kw) * ci + i
          index[at++] = ((Math.floor(po / b) * kh + row) * kw * ci + column) * b + (po % b)
        }
      }
  return index
}

/** Logical numbers to memory; `into` must be zero where padding lies. */
export function pack(
  storage: Storage,
  logical: Float32Array,
  into: Float32Array = new Float32Array(storedSize(storage)),
): Float32Array {
  if (storage.kind === 'plain') into.set(logical)
  else {
    const index = storageIndex(storage)
    for (let i = 0; i < index.length; i++) into[index[i]] = logical[i]
  }
  return into
}

/** Memory to logical numbers. */
export function unpack(storage: Storage, stored: Float32Array): Float32Array {
  if (storage.kind === 'plain') return stored.slice(0, size(storage.shape))
  const index = storageIndex(storage)
  const logical = new Float32Array(index.length)
  for (let i = 0; i < index.length; i++) logical[i] = stored[index[i]]
  return logical
}
