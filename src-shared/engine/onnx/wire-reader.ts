/** Protobuf's wire format, read without trusting it: every step is bounded by the bytes that are there. */
import { TagwrightError } from '../../base/errors'

export interface WireField {
  number: number
  /** Varints, and the bits of fixed-width numbers. */
  value: bigint
  /** Length-delimited fields: a view. */
  bytes: Uint8Array | null
}

/** Walks the fields of one message; nested ones are walked only when asked for. @throws `bad-protobuf`. */
export function* wireFields(bytes: Uint8Array): Generator<WireField, void, void> {
  let at = 0
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const varint = (): bigint => {
    let value = 0n
    // Small numbers, which are most, need no bigint shifts.
    if (at < bytes.length && bytes[at] < 128) return BigInt(bytes[at++])
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= bytes.length) throw broken()
      const byte = bytes[at++]
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return BigInt.asUintN(64, value)
    }
    throw broken()
  }
  while (at < bytes.length) {
    const key = varint()
    const number = Number(key >> 3n)
    const type = Number(key & 7n)
    if (number === 0 || number > 0x1fffffff) throw broken()
    if (type === 0) yield { number, value: varint(), bytes: null }
    else if (type === 2) {
      const length = varint()
      if (length > BigInt(bytes.length - at)) throw broken()
      const end = at + Number(length)
      yield { number, value: 0n, bytes: bytes.subarray(at, end) }
      at = end
    } else if (type === 1 || type === 5) {
      const width = type === 1 ? 8 : 4
      if (at + width > bytes.length) throw broken()
      const value = width === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true))
      at += width
      yield { number, value, bytes: null }
    } else throw broken()
  }
}

/** The numbers of a packed repeated varint field. @throws `bad-protobuf`. */
export function* packedVarints(bytes: Uint8Array): Generator<bigint, void, void> {
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] < 128) {
      yield BigInt(bytes[at++])
      continue
    }
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      if (at >= bytes.length || shift >= 70n) throw broken()
      const byte = bytes[at++]
      value |= BigInt(byte & 127) << shift
      if (byte < 128) break
    }
    yield BigInt.asUintN(64, value)
  }
}

const broken = (): TagwrightError => new TagwrightError('bad-protobuf', 'The bytes are not a protobuf message.')
