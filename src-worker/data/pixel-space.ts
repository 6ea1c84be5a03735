/** One thread's view of the shared pixel memory: kernels, and room for the rows it works on. */
import { createPixelMemory, loadPixelKernels, type PixelKernels, type PixelMemory } from './pixel-kernels'

/** Widest network input, pixels: rows have a fixed place. */
export const maximumWidth = 4096
const rowBytes = 4 * maximumWidth
/** Three rows, and two packed ones with the bytes that the kernel writes too many. */
export const scratchBytes = 3 * rowBytes + 6 * maximumWidth + 64

export interface PixelSpace {
  kernels: PixelKernels
  bytes: Uint8Array
  /** Byte addresses of three rows, and of the packed ones. */
  rows: readonly [number, number, number]
  packed: number
  /** A row of this width at one of the addresses. */
  row(address: number, width: number): Int32Array
}

/** @param scratch byte address of this thread's `scratchBytes`, a multiple of 16. */
export function openPixelSpace(memory: PixelMemory, scratch: number): PixelSpace {
  return {
    kernels: loadPixelKernels(memory),
    bytes: new Uint8Array(memory.buffer),
    rows: [scratch, scratch + rowBytes, scratch + 2 * rowBytes],
    packed: scratch + 3 * rowBytes,
    row: (address, width) => new Int32Array(memory.buffer, address, width),
  }
}

/** A space of its own, with room for `pixels` pixels at pixel position `start`: for single pictures, without a cache. */
export function createPixelSpace(pixels: number): PixelSpace & { data: Int32Array; start: number } {
  const memory = createPixelMemory(scratchBytes + 4 * pixels)
  return { ...openPixelSpace(memory, 0), data: new Int32Array(memory.buffer), start: scratchBytes / 4 }
}
