/** Reads one tensor of an ONNX file. Numbers may lie in a raw block, in a typed list, or in another file. */
import { TagwrightError } from '../../base/errors'
import { fromFloat16 } from '../../base/float16'
import { decodeText } from '../../base/text'
import { packedVarints, wireFields } from './wire-reader'

export type OnnxType =
  'float32' | 'float16' | 'bfloat16' | 'float64' | 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'int64' | 'bool'
export type OnnxData =
  Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | BigInt64Array

/** Bytes of a weight that lies in another file: null when it is not there. */
export type ReadExternal = (location: string, offset: number, length: number | null) => Uint8Array | null

export interface OnnxTensor {
  name: string
  type: OnnxType
  dims: number[]
  /** float16 and bfloat16 are read as float32 numbers. */
  data: OnnxData
}

const types: Readonly<Record<number, [type: OnnxType, bytes: number]>> = {
  1: ['float32', 4],
  2: ['uint8', 1],
  3: ['int8', 1],
  4: ['uint16', 2],
  5: ['int16', 2],
  6: ['int32', 4],
  7: ['int64', 8],
  9: ['bool', 1],
  10: ['float16', 2],
  11: ['float64', 8],
  16: ['bfloat16', 2],
}

/** Whole numbers in eight bytes each: as bigints a list of millions would take many times the memory of the file. */
class IntList {
  private data = new BigInt64Array(8)
  length = 0

  push(value: bigint): void {
    if (this.length === this.data.length) {
      const grown = new BigInt64Array(2 * this.length)
      grown.set(this.data)
      this.data = grown
    }
    this.data[this.length++] = value
  }

  values(): BigInt64Array<ArrayBuffer> {
    return this.data.slice(0, this.length)
  }

  /** Written into an array of numbers, which keeps what fits its type. */
  into<T extends { [i: number]: number }>(target: T): T {
    for (let i = 0; i < this.length; i++) target[i] = Number(this.data[i])
    return target
  }
}

interface Parts {
  name: string
  dims: number[]
  type: number
  raw: Uint8Array | null
  /** Bytes of packed float_data or double_data. */
  packed: Uint8Array[]
  ints: IntList
  external: Map<string, string>
  isExternal: boolean
}

/** @throws `bad-model` (through the caller) when the numbers are not all there; `missing-external-data`. */
export function readTensor(bytes: Uint8Array, external: ReadExternal): OnnxTensor {
  const parts = readParts(bytes)
  const { name, dims } = parts
  const shown = name.slice(0, 100) || 'without a name'
  const known = types[parts.type]
  if (!known) throw bad(`the weight "${shown}" holds numbers of type ${parts.type}, which is not read here`)
  const [type, width] = known
  if (dims.some((d) => !Number.isSafeInteger(d) || d < 0) || dims.length > 64)
    throw bad(`the weight "${shown}" has the impossible shape [${dims.slice(0, 8)}]`)
  const count = dims.reduce((a, b) => a * b, 1)
  let raw = parts.raw
  if (parts.isExternal) {
    const location = parts.external.get('location') ?? ''
    const length = parts.external.has('length') ? Number(parts.external.get('length')) : count * width
    raw = external(location, Number(parts.external.get('offset') ?? 0), length)
    if (!raw)
      throw new TagwrightError(
        'missing-external-data',
        `The weight "${shown}" is kept in "${location.slice(0, 200)}", which is not beside the model file. Put that file there, or export the model into one file.`,
        { tensor: name, location },
      )
  }
  const available = raw ? raw.length / width : parts.packed.length ? packedCount(parts, width) : parts.ints.length
  if (available !== count)
    throw bad(`the weight "${shown}" declares ${count} numbers [${dims.slice(0, 8)}] and brings ${available}`)
  return { name, type, dims, data: raw ? fromRaw(raw, type) : fromLists(parts, type, count) }
}

const bad = (reason: string): TagwrightError =>
  new TagwrightError('bad-model', `This file is not a usable ONNX model: ${reason}. Export the model again.`, {
    reason,
  })

const packedCount = ({ packed, type }: Parts, width: number): number =>
  packed.reduce((n, p) => n + p.length, 0) / (type === 1 || type === 11 ? width : 4)

function readParts(bytes: Uint8Array): Parts {
  const parts: Parts = {
    name: '',
    dims: [],
    type: 0,
    raw: null,
    packed: [],
    ints: new IntList(),
    external: new Map(),
    isExternal: false,
  }
  const signed = (value: bigint): bigint => BigInt.asIntN(64, value)
  for (const field of wireFields(bytes)) {
    const { number, bytes: part, value } = field
    if (number === 1) {
      for (const dim of part ? packedVarints(part) : [value]) parts.dims.push(Number(signed(dim)))
    } else if (number === 2) parts.type = Number(value)
    else if (number === 4 || number === 10) {
      // A list may also come number by number.
      parts.packed.push(part ?? little(value, number === 4 ? 4 : 8))
    } else if (number === 5 || number === 7 || number === 11) {
      if (part) for (const packed of packedVarints(part)) parts.ints.push(signed(packed))
      else parts.ints.push(signed(value))
    } else if (number === 8 && part) parts.name = decodeText(part)
    else if (number === 9) parts.raw = part
    else if (number === 13 && part) {
      let [key, text] = ['', '']
      for (const entry of wireFields(part)) {
        if (entry.number === 1 && entry.bytes) key = decodeText(entry.bytes)
        else if (entry.number === 2 && entry.bytes) text = decodeText(entry.bytes)
      }
      parts.external.set(key, text)
    } else if (number === 14) parts.isExternal = value === 1n
  }
  return parts
}

function little(bits: bigint, width: 4 | 8): Uint8Array {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, bits, true)
  return new Uint8Array(view.buffer, 0, width)
}

const bfloat16 = (bits: Uint16Array): Float32Array => {
  const out = new Float32Array(bits.length)
  const words = new Uint32Array(out.buffer)
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16
  return out
}

/** Raw blocks are little-endian, as every machine this runs on; copied, which also aligns them. */
function fromRaw(raw: Uint8Array, type: OnnxType): OnnxData {
  const { buffer } = new Uint8Array(raw)
  switch (type) {
    case 'float32':
      return new Float32Array(buffer)
    case 'float64':
      return new Float64Array(buffer)
    case 'float16':
      return fromFloat16(new Uint16Array(buffer))
    case 'bfloat16':
      return bfloat16(new Uint16Array(buffer))
    case 'int8':
      return new Int8Array(buffer)
    case 'int16':
      return new Int16Array(buffer)
    case 'uint16':
      return new Uint16Array(buffer)
    case 'int32':
      return new Int32Array(buffer)
    case 'int64':
      return new BigInt64Array(buffer)
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer)
  }
}

function fromLists({ packed, ints }: Parts, type: OnnxType, count: number): OnnxData {
  if (packed.length) {
    const joined = new Uint8Array(packed.reduce((n, p) => n + p.length, 0))
    let at = 0
    for (const part of packed) {
      joined.set(part, at)
      at += part.length
    }
    return type === 'float64' ? new Float64Array(joined.buffer) : new Float32Array(joined.buffer)
  }
  switch (type) {
    case 'int64':
      return ints.values()
    case 'float16':
      return fromFloat16(ints.into(new Uint16Array(count)))
    case 'bfloat16':
      return bfloat16(ints.into(new Uint16Array(count)))
    case 'int8':
      return ints.into(new Int8Array(count))
    case 'int16':
      return ints.into(new Int16Array(count))
    case 'uint16':
      return ints.into(new Uint16Array(count))
    case 'uint8':
    case 'bool':
      return ints.into(new Uint8Array(count))
    case 'int32':
      return ints.into(new Int32Array(count))
    case 'float32':
    case 'float64':
      // Only an empty tensor has neither block nor list.
      return type === 'float32' ? new Float32Array(count) : new Float64Array(count)
  }
}
