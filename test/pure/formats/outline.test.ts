import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseObjects } from '@shared/catalog/formats/coco/json-parse'
import { Outline } from '@shared/catalog/formats/coco/outline'
import { boundingBox, type Point } from '@shared/domain/geometry'

const parse = (text: string, outlines: string | null) => {
  // Bytes that belong to something else may follow.
  const bytes = new TextEncoder().encode(`${text}],9,9]]}`)
  return parseObjects(bytes, 0, text.length, 1, outlines)
}
const digits = fc.stringMatching(/^[0-9]{1,22}$/)
const number = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -99999, max: 99999 }).map((n) => String(n / 100)) },
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map((n) => `${n}.0`),
  fc.tuple(fc.constantFrom('', '-'), fc.stringMatching(/^(0|[1-9][0-9]{0,20})$/), digits).map((n) => `${n[0]}${n[1]}.${n[2]}`),
  fc.constantFrom('-0', '-0.0', '0.000', '0.0000001', '0.0000010', '1e3', '1E-7', '1e21', '123456789012345678901', '1e400'),
) // prettier-ignore
const space = fc.constantFrom('', '', '', ' ', '\n  ', '\r\n\t')
const list = (item: fc.Arbitrary<string>, minLength: number, maxLength: number) =>
  fc
    .array(fc.tuple(space, item, space), { minLength, maxLength })
    .map((items) => `[${items.map((item) => item.join('')).join(',')}]`)
const rings = list(list(number, 5, 14), 1, 3)

describe('outlines', () => {
  it('give the text and the box that the points would give', () => {
    let read = 0
    fc.assert(
      fc.property(rings, (text) => {
        const rows = `{"id":1,"segmentation":${text},"image_id":2}\n,{"id":2}`
        const [whole, plain] = [parse(rows, 'segmentation'), parse(rows, null)]
        expect(whole.lines).toEqual(plain.lines)
        const [outline, lists] = [whole.rows[0].segmentation, plain.rows[0].segmentation as number[][]]
        const isOutline = lists.every(
          (ring) => ring.length >= 6 && ring.length % 2 === 0 && ring.every(Number.isFinite),
        )
        expect(outline instanceof Outline).toBe(isOutline)
        if (!(outline instanceof Outline)) {
          expect(outline).toEqual(lists)
          return
        }
        read++
        const points = lists.map((ring) =>
          Array.from({ length: ring.length / 2 }, (_, i): Point => [ring[2 * i], ring[2 * i + 1]]),
        )
        expect(outline.toJson()).toBe(JSON.stringify({ kind: 'polygon', rings: points }))
        const box = [1, 2.5, 3, 4] as const
        expect(outline.toJson(box)).toBe(JSON.stringify({ kind: 'polygon', rings: points, box }))
        expect(outline.bounds).toEqual(boundingBox(points.flat()))
        expect(JSON.stringify(outline.toLists())).toBe(JSON.stringify(lists))
      }),
      { numRuns: 500 },
    )
    expect(read).toBeGreaterThan(100)
  })

  it.each([
    '[]', '[[]]', '[1,2,3,4,5,6]', '[[1,2,3,4]]', '[[1,2,3,4,5]]', '[[1,2,3,4,5,"6"]]', '[[1,2,3,4,5,null]]', 'null', '"x"',
    '{"counts":[1],"size":[1,1]}', '[[1,2,3,4,5,1e999]]', '[[1,2,3,4,5,6],7]',
  ])('leave %s to the general parser', (text) => {
    const row = `{"segmentation":${text},"id":3}`
    expect(parse(row, 'segmentation')).toEqual(parse(row, null))
  }) // prettier-ignore

  it.each([
    '[[1,2,3,4,5,06]]', '[[1,2,3,4,5,6.]]', '[[1,2,3,4,5,.6]]', '[[1,2,3,4,5,+6]]', '[[1,2,3,4,5,NaN]]', '[[1,2,3,4,5,6,]]',
    '[[1,2,3,4,5,6] [1,2,3,4,5,6]]', '[[1,2,3,4,5,6],]', '[[1\u0001,2,3,4,5,6]]', '[[1 2,3,4,5,6,7]]', '[[1,2,3,4,5,-]]',
    '[[1,2,3,4,5,6e]]', '[[1,2,3,4,5,123456789012345678e+]]',
  ])('refuse %s', (text) => {
    expect(parse(`{"segmentation":${text},"id":3}`, 'segmentation').stop).toBe('error')
  }) // prettier-ignore

  it('wait for the rest where the bytes end', () => {
    const row = '{"segmentation":[[1.25, 2,\n3,4e0,5,6], [1,2,3,4,5,6.50]],"id":3}'
    for (let length = 1; length < row.length; length++) {
      const { rows, stop, at, line } = parse(row.slice(0, length), 'segmentation')
      // What follows belongs to another piece: the parser must not look at it.
      expect({ rows, stop, at, line }).toEqual({ rows: [], stop: 'more', at: 0, line: 1 })
    }
    expect(parse(row, 'segmentation').rows).toHaveLength(1)
  })

  it('are read at the top of a row alone', () => {
    const row = '{"attributes":{"segmentation":[[1,2,3,4,5,6]]},"id":3}'
    expect(parse(row, 'segmentation').rows).toEqual([JSON.parse(row)])
  })
})
