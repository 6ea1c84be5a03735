/** The scanner says what JSON.parse and the loader say, or nothing. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCocoResults } from '@shared/evaluation/eval-coco-files'
import { loadCocoGroundTruth, loadCocoResults } from '@shared/evaluation/load-coco'
import { scanBoxResults } from '@shared/evaluation/scan-box-results'
import { truthFile } from '../../helpers/coco-files'

const gt = loadCocoGroundTruth(truthFile([], { images: [3, 7, 12345678901], categories: [1, 90] }))
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.integer({ min: -100000, max: 100000 }).map((value) => value / 1000),
)
const row = fc.record(
  {
    image_id: fc.constantFrom(3, 7, 12345678901),
    category_id: fc.constantFrom(1, 90),
    bbox: fc.tuple(number, number, number, number),
    score: number,
    extra: fc.jsonValue(),
    segmentation: fc.jsonValue(),
  },
  { requiredKeys: ['image_id', 'category_id', 'bbox', 'score'], noNullPrototype: true },
)

describe('scanBoxResults', () => {
  test('gives the same columns as parsing, to the last bit, with any spacing and extra fields', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 8 }), fc.constantFrom(undefined, 1, '\t'), (rows, space) => {
        const text = JSON.stringify(rows, null, space)
        const scanned = scanBoxResults(text, gt)
        const parsed = loadCocoResults(JSON.parse(text), gt)
        // Numbers beyond the doubles' range of sums are left to the loader.
        if (scanned === null) {
          expect(
            rows.some(
              ({ bbox, score }) => !Number.isFinite([score, ...bbox].reduce((a, b) => a + b, 0)) || hasEscape(text),
            ),
          ).toBe(true)
        } else expect(scanned).toEqual(parsed)
        expect(readCocoResults(text, gt)).toEqual(parsed)
      }),
      { numRuns: 500 },
    )
  })

  test('reads decimals as JavaScript does', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 53 - 1 }),
        fc.integer({ min: 0, max: 25 }),
        fc.boolean(),
        (digits, decimals, negative) => {
          const plain = digits.toString().padStart(decimals + 1, '0')
          const text = `${negative ? '-' : ''}${plain.slice(0, plain.length - decimals)}${decimals ? '.' : ''}${plain.slice(plain.length - decimals)}`
          const scanned = scanBoxResults(`[{"image_id":3,"category_id":1,"bbox":[1,1,1,1],"score":${text}}]`, gt)
          expect(scanned!.score[0]).toBe(Number(text))
        },
      ),
      { numRuns: 500 },
    )
  })

  const good = '{"image_id":3,"category_id":1,"bbox":[1,2,3,4],"score":0.5}'
  test.each([
    ['', 0],
    ['[', 0],
    [`[${good}`, 0],
    [`[${good},]`, 0],
    [`[${good}] x`, 0],
    [`[${good} ${good}]`, 0],
    [`{"a":${good}}`, 0],
    [`[${good.replace('0.5', '.5')}]`, 0],
    [`[${good.replace('0.5', '05')}]`, 0],
    [`[${good.replace('0.5', '1.')}]`, 0],
    [`[${good.replace('0.5', '1e')}]`, 0],
    [`[${good.replace('0.5', '1-2')}]`, 0],
    [`[${good.replace('0.5', '"0.5"')}]`, 0],
    [`[${good.replace('0.5', 'NaN')}]`, 0],
    [`[${good.replace('[1,2,3,4]', '[1,2,3]')}]`, 0],
    [`[${good.replace('[1,2,3,4]', '[1,2,3,4,5]')}]`, 0],
    [`[${good.replace(':3', ':4')}]`, 0],
    [`[${good.replace('image_id', 'image\\u005fid')}]`, 0],
    [`[${good.replace('}', ',"x":[1,}')}]`, 0],
    [`[${good.replace('}', ',"x":tru}')}]`, 0],
    [`[${good.replace('}', ',"x":"never ends}')}]`, 0],
    ['[]', 1],
    [' [ ] ', 1],
    [`[${good}]`, 1],
    [`[${good.replace('0.5', '5e-1')}]`, 1],
    [`[${good.replace('}', ',"image_id":7}')}]`, 1],
    [`[${good.replace('}', ',"x":{"bbox":[1,{"score":"a\\"}"}]},"y":[],"z":{},"n":null}')}]`, 1],
  ])('%s', (text, readable) => {
    const scanned = scanBoxResults(text, gt)
    expect(scanned === null ? 0 : 1).toBe(readable)
    if (scanned) expect(scanned).toEqual(loadCocoResults(JSON.parse(text), gt))
  })
})

/** Keys with escapes are left to the loader. */
const hasEscape = (text: string) => /\\/.test(text)
