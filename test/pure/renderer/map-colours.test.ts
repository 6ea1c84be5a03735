import { describe, expect, it } from 'vitest'
import { colourTable, imageInMap, paintMap, rangeOf, summarize } from '../../../src-renderer/panels/models/map-colours'

describe('Feature maps in colours', () => {
  it('measure what is finite', () => {
    expect(rangeOf(Float32Array.of(-1, NaN, 3, Infinity, 1))).toEqual({ min: -1, max: 3, mean: 1 })
    expect(rangeOf(Float32Array.of(NaN))).toEqual({ min: 0, max: 0, mean: 0 })
  })
  it('are summed up over channels at each place', () => {
    const data = Float32Array.of(1, 2, 3, 6, -4, 7)
    expect([...summarize(data, 3, 'mean')]).toEqual([0, 5])
    expect([...summarize(data, 3, 'max')]).toEqual([3, 7])
  })
  it('span the table from the smallest to the largest number, and leave out what is none', () => {
    const table = colourTable('viridis')
    const pixels = paintMap(Float32Array.of(2, 4, 3, NaN), { min: 2, max: 4 }, 'viridis')
    expect([...pixels.subarray(0, 4)]).toEqual([...table.subarray(0, 3), 255])
    expect([...pixels.subarray(4, 8)]).toEqual([...table.subarray(765, 768), 255])
    expect([...pixels.subarray(8, 12)]).toEqual([...table.subarray(3 * 128, 3 * 128 + 3), 255])
    expect([...pixels.subarray(12)]).toEqual([0, 0, 0, 0])
    // One number everywhere has no span.
    expect([...paintMap(Float32Array.of(5), { min: 5, max: 5 }, 'grey')]).toEqual([0, 0, 0, 255])
  })
  it('with a sign are white at zero', () => {
    const [white] = paintMap(Float32Array.of(0), { min: -1, max: 3 }, 'signed')
    expect(white).toBeGreaterThan(240)
    const [red, , blue] = paintMap(Float32Array.of(3), { min: -1, max: 3 }, 'signed')
    expect(red).toBeGreaterThan(blue)
  })
  it('know where the image lies in them', () => {
    const at = { width: 8, height: 8, input: { width: 64, height: 64 }, image: { width: 32, height: 16 } }
    expect(imageInMap({ ...at, place: { scale: 2, offsetX: 0, offsetY: 16 } })).toEqual({
      x: 0,
      y: 2,
      width: 8,
      height: 4,
    })
  })
})
