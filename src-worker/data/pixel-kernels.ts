/**
 * The pixel loops of augmentation as WebAssembly SIMD: about four times as fast as the same loops in JavaScript, which
 * counts where the training step wants every core. All work on shared memory that also holds the decoded images;
 * pixels are 4 bytes R, G, B, A.
 */
import {
  assembleModule,
  doWhile,
  f32x4,
  i16x8,
  i32,
  i32x4,
  i8x16,
  v128,
  type Code,
  type WasmFunction,
} from './wasm-assembler'

const pageBytes = 65536
const maximumPages = 65536

/**
 * Bilinear sampling along a line: `count` pixels to `row`. `u` and `v` are positions in 16.16 fixed point, `du` and `dv`
 * their steps; all four neighbours of every position must exist. Weights have 8 bits, each of the two interpolations is
 * rounded.
 */
const warp: WasmFunction = {
  name: 'warp',
  params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  body([row, end, source, stride, u, v, du, dv], local, keep) {
    const at = local('i32')
    const upper = local('v128')
    const across = local('v128')
    const fraction = (x: Code) => i16x8.splat(i32.and(i32.shrS(x, i32.const(8)), i32.const(255)))
    const fy = local('v128')
    const round = keep(i16x8.const(Array(8).fill(128)))
    const down = i16x8.shrU(
      i16x8.add(
        i16x8.add(
          i16x8.mul(upper.get, i16x8.sub(keep(i16x8.const(Array(8).fill(256))), fy.get)),
          i16x8.mul(v128.load8x8(i32.add(at.get, stride.get)), fy.get),
        ),
        round,
      ),
      i32.const(8),
    )
    // Left pixel times 256 - fx, right pixel times fx, side by side.
    const weights = i16x8.add(
      keep(i16x8.const([256, 256, 256, 256, 0, 0, 0, 0])),
      i16x8.mul(fraction(u.get), keep(i16x8.const([-1, -1, -1, -1, 1, 1, 1, 1]))),
    )
    const highHalf = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]
    const sum = i16x8.add(i16x8.add(across.get, v128.shuffle(across.get, across.get, highHalf)), round)
    const result = i16x8.shrU(sum, i32.const(8))
    return doWhile(
      [
        ...at.set(
          i32.add(
            i32.add(source.get, i32.mul(i32.shrS(v.get, i32.const(16)), stride.get)),
            i32.shl(i32.shrS(u.get, i32.const(16)), i32.const(2)),
          ),
        ),
        ...fy.set(fraction(v.get)),
        ...upper.set(v128.load8x8(at.get)),
        ...across.set(i16x8.mul(down, weights)),
        ...v128.store32(row.get, i8x16.narrow16(result, result)),
        ...u.set(i32.add(u.get, du.get)),
        ...v.set(i32.add(v.get, dv.get)),
        ...row.set(i32.add(row.get, i32.const(4))),
      ],
      i32.ltS(row.get, end.get),
    )
  },
}

/**
 * Hue, saturation and value shift in OpenCV's 8-bit scales. Parameters: first and last byte (a multiple of 16 apart), hue
 * in sextants, saturation and value in levels.
 */
const shiftHsv: WasmFunction = {
  name: 'shiftHsv',
  params: ['i32', 'i32', 'f32', 'f32', 'f32'],
  body([row, end, hue, saturation, value], local, keep) {
    const p = local('v128')
    const r = local('v128')
    const g = local('v128')
    const b = local('v128')
    const top = local('v128')
    const isRed = local('v128')
    const isGreen = local('v128')
    const v = local('v128')
    const d = local('v128')
    const inverse = local('v128')
    const h = local('v128')
    const chroma = local('v128')
    const v2 = local('v128')
    const byte = (shift: number) =>
      v128.and(shift ? i32x4.shrU(p.get, i32.const(shift)) : p.get, keep(i32x4.const(255)))
    const number = (value: number) => keep(f32x4.const(value))
    const clamp = (x: Code, low: number, high: number) => f32x4.max(f32x4.min(x, number(high)), number(low))
    const floatMax = i32x4.max(i32x4.max(r.get, g.get), b.get)
    const floatMin = i32x4.min(i32x4.min(r.get, g.get), b.get)
    const sector = (a: Code, c: Code, add: number) => f32x4.add(f32x4.mul(f32x4.sub(a, c), inverse.get), number(add))
    // Part of the chroma that each channel has at hue h (Smith 1978 in the form of clamped distances).
    const share = {
      r: clamp(f32x4.sub(f32x4.abs(f32x4.sub(h.get, number(3))), number(1)), 0, 1),
      g: clamp(f32x4.sub(number(2), f32x4.abs(f32x4.sub(h.get, number(2)))), 0, 1),
      b: clamp(f32x4.sub(number(2), f32x4.abs(f32x4.sub(h.get, number(4)))), 0, 1),
    }
    // Adding 1.5 * 2^23 rounds to an integer in the lowest bits; far cheaper than a saturating conversion.
    const channel = (part: Code) =>
      v128.and(
        f32x4.add(f32x4.sub(v2.get, f32x4.mul(chroma.get, f32x4.sub(number(1), part))), number(12582912)),
        keep(i32x4.const(255)),
      )
    return doWhile(
      [
        ...p.set(v128.load(row.get)),
        ...r.set(byte(0)),
        ...g.set(byte(8)),
        ...b.set(byte(16)),
        ...top.set(floatMax),
        ...isRed.set(i32x4.eq(top.get, r.get)),
        ...isGreen.set(i32x4.eq(top.get, g.get)),
        ...d.set(f32x4.fromI32(i32x4.sub(top.get, floatMin))),
        ...v.set(f32x4.fromI32(top.get)),
        ...r.set(f32x4.fromI32(r.get)),
        ...g.set(f32x4.fromI32(g.get)),
        ...b.set(f32x4.fromI32(b.get)),
        // Grey has no hue: all differences are 0, so any finite inverse will do.
        ...inverse.set(f32x4.div(number(1), f32x4.max(d.get, number(1)))),
        ...h.set(
          v128.select(
            sector(g.get, b.get, 0),
            v128.select(sector(b.get, r.get, 2), sector(r.get, g.get, 4), isGreen.get),
            isRed.get,
          ),
        ),
        ...h.set(f32x4.add(h.get, keep(f32x4.splat(hue.get)))),
        ...h.set(f32x4.sub(h.get, f32x4.mul(f32x4.floor(f32x4.mul(h.get, number(1 / 6))), number(6)))),
        ...v2.set(clamp(f32x4.add(v.get, keep(f32x4.splat(value.get))), 0, 255)),
        ...chroma.set(
          f32x4.mul(
            clamp(
              f32x4.add(
                f32x4.div(f32x4.mul(d.get, number(255)), f32x4.max(v.get, number(1))),
                keep(f32x4.splat(saturation.get)),
              ),
              0,
              255,
            ),
            f32x4.mul(v2.get, number(1 / 255)),
          ),
        ),
        ...v128.store(
          row.get,
          v128.or(
            channel(share.r),
            v128.or(i32x4.shl(channel(share.g), i32.const(8)), i32x4.shl(channel(share.b), i32.const(16))),
          ),
        ),
        ...row.set(i32.add(row.get, i32.const(16))),
      ],
      i32.ltS(row.get, end.get),
    )
  },
}

/** Mean of two rows, rounded down, into the first. */
const blend: WasmFunction = {
  name: 'blend',
  params: ['i32', 'i32', 'i32'],
  body([row, end, other], local) {
    const a = local('v128')
    const b = local('v128')
    return doWhile(
      [
        ...a.set(v128.load(row.get)),
        ...b.set(v128.load(other.get)),
        ...v128.store(row.get, i8x16.add(v128.and(a.get, b.get), i8x16.shrU(v128.xor(a.get, b.get), i32.const(1)))),
        ...row.set(i32.add(row.get, i32.const(16))),
        ...other.set(i32.add(other.get, i32.const(16))),
      ],
      i32.ltS(row.get, end.get),
    )
  },
}

/**
 * Two rows to one row of `s2d` bytes: per 4 columns 24 bytes, columns (a0 b0 a1 b1), (a2 b2 a3 b3) of 3 bytes each.
 * Writes 16 bytes at a time, so 8 bytes after the last ones are overwritten. `packRgb` keeps the order of the bytes,
 * `packBgr` turns it.
 */
const packRows = (name: string, [c0, c1, c2]: readonly number[]): WasmFunction => ({
  name,
  params: ['i32', 'i32', 'i32', 'i32'],
  body([upper, end, lower, out], local) {
    const a = local('v128')
    const b = local('v128')
    const from = (row: 0 | 1, column: number) => [c0, c1, c2].map((c) => 16 * row + 4 * column + c)
    const order = [0, 1, 2, 3].flatMap((column) => [...from(0, column), ...from(1, column)])
    const rest = order.slice(16)
    return doWhile(
      [
        ...a.set(v128.load(upper.get)),
        ...b.set(v128.load(lower.get)),
        ...v128.store(out.get, v128.shuffle(a.get, b.get, order.slice(0, 16))),
        ...v128.store(i32.add(out.get, i32.const(16)), v128.shuffle(a.get, b.get, [...rest, ...rest])),
        ...upper.set(i32.add(upper.get, i32.const(16))),
        ...lower.set(i32.add(lower.get, i32.const(16))),
        ...out.set(i32.add(out.get, i32.const(24))),
      ],
      i32.ltS(upper.get, end.get),
    )
  },
})

export interface PixelKernels {
  warp(row: number, end: number, source: number, stride: number, u: number, v: number, du: number, dv: number): void
  shiftHsv(row: number, end: number, hue: number, saturation: number, value: number): void
  blend(row: number, end: number, other: number): void
  packRgb(upper: number, end: number, lower: number, out: number): void
  packBgr(upper: number, end: number, lower: number, out: number): void
}

/** Shared WebAssembly memory; it can be sent to threads. */
export interface PixelMemory {
  readonly buffer: SharedArrayBuffer
}

// Neither the language's nor Node's own types know WebAssembly, and those of browsers are not wanted here.
const wasm = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly
interface WasmApi {
  Memory: new (limits: { initial: number; maximum: number; shared: true }) => PixelMemory
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  Instance: new (module: object, imports: { env: { memory: PixelMemory } }) => { exports: PixelKernels }
}

let compiled: object | undefined

/** Shared memory of at least `bytes`, at most 4 GiB; pages that nothing was written to are not resident. */
export function createPixelMemory(bytes: number): PixelMemory {
  const initial = Math.min(maximumPages, Math.ceil(bytes / pageBytes))
  return new wasm.Memory({ initial, maximum: maximumPages, shared: true })
}

/** The kernels of one thread on shared memory; arguments are byte addresses there. */
export function loadPixelKernels(memory: PixelMemory): PixelKernels {
  compiled ??= new wasm.Module(
    assembleModule(
      [warp, shiftHsv, blend, packRows('packRgb', [0, 1, 2]), packRows('packBgr', [2, 1, 0])],
      maximumPages,
    ),
  )
  return new wasm.Instance(compiled, { env: { memory } }).exports
}
