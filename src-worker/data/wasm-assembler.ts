/**
 * Just enough of an assembler for WebAssembly with SIMD to write a few pixel loops as expressions.
 * An expression or statement is its bytes; operands come before operators, as the stack machine wants them.
 * Binary format: WebAssembly core specification 2.0, chapter 5.
 */

export type Code = readonly number[]
export type ValueType = 'i32' | 'f32' | 'v128'

const typeByte: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, v128: 0x7b }

function unsigned(value: number): number[] {
  const out: number[] = []
  do {
    const byte = value & 0x7f
    value >>>= 7
    out.push(value ? byte | 0x80 : byte)
  } while (value)
  return out
}

function signed(value: number): number[] {
  const out: number[] = []
  for (;;) {
    const byte = value & 0x7f
    value >>= 7
    if ((value === 0 && !(byte & 0x40)) || (value === -1 && byte & 0x40)) return [...out, byte]
    out.push(byte | 0x80)
  }
}

const f32Bytes = (value: number): number[] => [...new Uint8Array(Float32Array.of(value).buffer)]
const simd = (op: number): number[] => [0xfd, ...unsigned(op)]
const binary =
  (...op: number[]) =>
  (a: Code, b: Code): Code => [...a, ...b, ...op]
const unary =
  (...op: number[]) =>
  (a: Code): Code => [...a, ...op]

/** A local variable; parameters come first. */
export interface Local {
  get: Code
  set(value: Code): Code
}

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value | 0)],
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  and: binary(0x71),
  shl: binary(0x74),
  shrS: binary(0x75),
  ltS: binary(0x48),
}

export const v128 = {
  load: (address: Code, offset = 0): Code => [...address, ...simd(0x00), 0, ...unsigned(offset)],
  /** Eight bytes, each widened to 16 bits. */
  load8x8: (address: Code, offset = 0): Code => [...address, ...simd(0x02), 0, ...unsigned(offset)],
  store: (address: Code, value: Code): Code => [...address, ...value, ...simd(0x0b), 0, 0],
  /** Stores lane 0 of four 32-bit lanes. */
  store32: (address: Code, value: Code): Code => [...address, ...value, ...simd(0x5a), 0, 0, 0],
  and: binary(...simd(0x4e)),
  or: binary(...simd(0x50)),
  xor: binary(...simd(0x51)),
  /** Bits of `a` where `mask` is set, else of `b`. */
  select: (a: Code, b: Code, mask: Code): Code => [...a, ...b, ...mask, ...simd(0x52)],
  shuffle: (a: Code, b: Code, lanes: readonly number[]): Code => [...a, ...b, ...simd(0x0d), ...lanes],
}

export const i8x16 = {
  narrow16: binary(...simd(0x66)),
  shrU: binary(...simd(0x6d)),
  add: binary(...simd(0x6e)),
}

export const i16x8 = {
  splat: unary(...simd(0x10)),
  const: (values: readonly number[]): Code => [...simd(0x0c), ...new Uint8Array(Int16Array.from(values).buffer)],
  add: binary(...simd(0x8e)),
  sub: binary(...simd(0x91)),
  mul: binary(...simd(0x95)),
  shrU: binary(...simd(0x8d)),
}

export const i32x4 = {
  const: (value: number): Code => [...simd(0x0c), ...new Uint8Array(Int32Array.of(value, value, value, value).buffer)],
  eq: binary(...simd(0x37)),
  shl: binary(...simd(0xab)),
  shrU: binary(...simd(0xad)),
  sub: binary(...simd(0xb1)),
  min: binary(...simd(0xb6)),
  max: binary(...simd(0xb8)),
}

export const f32x4 = {
  const: (value: number): Code => {
    const bytes = f32Bytes(value)
    return [...simd(0x0c), ...bytes, ...bytes, ...bytes, ...bytes]
  },
  splat: unary(...simd(0x13)),
  fromI32: unary(...simd(0xfa)),
  abs: unary(...simd(0xe0)),
  floor: unary(...simd(0x68)),
  add: binary(...simd(0xe4)),
  sub: binary(...simd(0xe5)),
  mul: binary(...simd(0xe6)),
  div: binary(...simd(0xe7)),
  /** `b < a ? b : a`, one instruction on every machine; the numbers here are never NaN. */
  min: binary(...simd(0xea)),
  max: binary(...simd(0xeb)),
}

/** Repeats `body` while the condition, computed after it, is not zero. */
export const doWhile = (body: Code, condition: Code): Code => [0x03, 0x40, ...body, ...condition, 0x0d, 0x00, 0x0b]

export interface WasmFunction {
  name: string
  params: readonly ValueType[]
  /**
   * Gets the parameters and a way to make locals. Vectors passed through `keep` are computed once, before the body: V8
   * builds a vector constant anew wherever it stands, which in a loop costs more than the arithmetic.
   */
  body(params: Local[], local: (type: ValueType) => Local, keep: (vector: Code) => Code): Code
}

/** A module that imports shared memory `env.memory` and exports the functions. */
export function assembleModule(functions: readonly WasmFunction[], maximumPages: number): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: number[]) => [id, ...unsigned(content.length), ...content]
  const vector = (items: number[][]) => [...unsigned(items.length), ...items.flat()]
  const text = (value: string) => {
    const bytes = [...value].map((char) => char.charCodeAt(0))
    return [...unsigned(bytes.length), ...bytes]
  }
  const localAt = (index: number): Local => ({
    get: [0x20, ...unsigned(index)],
    set: (value) => [...value, 0x21, ...unsigned(index)],
  })
  const types = functions.map(({ params }) => [0x60, ...vector(params.map((type) => [typeByte[type]])), 0])
  const bodies = functions.map(({ params, body }) => {
    const declared: ValueType[] = []
    const local = (type: ValueType) => localAt(params.length + declared.push(type) - 1)
    const kept = new Map<string, { local: Local; value: Code }>()
    const keep = (value: Code): Code => {
      const key = value.join()
      const entry = kept.get(key) ?? { local: local('v128'), value }
      kept.set(key, entry)
      return entry.local.get
    }
    const code = body(
      params.map((_, i) => localAt(i)),
      local,
      keep,
    )
    const setUp = [...kept.values()].flatMap((entry) => [...entry.local.set(entry.value)])
    const content = [...vector(declared.map((type) => [1, typeByte[type]])), ...setUp, ...code, 0x0b]
    return [...unsigned(content.length), ...content]
  })
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    // Limits flag 3: shared, with a maximum.
    ...section(2, vector([[...text('env'), ...text('memory'), 0x02, 0x03, 0, ...unsigned(maximumPages)]])),
    ...section(3, vector(functions.map((_, i) => [i]))),
    ...section(7, vector(functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]))),
    ...section(10, vector(bodies)),
  ])
}
