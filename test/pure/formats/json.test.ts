import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readElements } from '@shared/catalog/formats/coco/json-elements'
import { parseObjects } from '@shared/catalog/formats/coco/json-parse'
import { scanTopLevel } from '@shared/catalog/formats/coco/json-scan'

const bytesOf = (text: string) => new TextEncoder().encode(text)
async function* pieces(bytes: Uint8Array, size: number) {
  await Promise.resolve()
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
}
const jsonObject = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 4 }), {
  noNullPrototype: true,
})
const spaced = fc.constantFrom(0, 1, 2, '\t', '\r\n  ')

describe('parseObjects', () => {
  it('gives what JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.array(jsonObject, { maxLength: 5 }), spaced, (objects, space) => {
        const text = JSON.stringify(objects, null, space)
        const { rows, stop } = parseObjects(bytesOf(text), 1, bytesOf(text).length, 1)
        expect(stop).toBe('end')
        expect(rows).toEqual(JSON.parse(text))
      }),
    )
  })

  it('gives the same double for every decimal', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.integer().map((n) => n / 100),
          fc.maxSafeInteger(),
          fc.constant(-0),
        ),
        (n) => {
          const text = Object.is(n, -0) ? '-0' : String(n)
          const { rows } = parseObjects(bytesOf(`{"n":${text}}`), 0, text.length + 6, 1)
          expect(Object.is(rows[0].n, JSON.parse(text))).toBe(true)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it.each([
    '{"a":01}', '{"a":1.}', '{"a":.5}', '{"a":-}', '{"a":+1}', '{"a":1,}', '{,"a":1}', '{"a" 1}', '{"a":1 "b":2}', '{"a":NaN}',
    '{"a":tru }', '{"a":"\n"}', '{"a":"\\x"}', "{'a':1}", '{"a":[1,]}', '{"a":[1 2]}', '{"a":1e}', '{a:1}',
  ])('refuses %s like JSON.parse', (text) => {
    expect(() => JSON.parse(text) as unknown).toThrow()
    expect(parseObjects(bytesOf(`${text} `), 0, text.length + 1, 1).stop).toBe('error')
  }) // prettier-ignore

  it('keeps a field called __proto__ a field', () => {
    const text = '{"__proto__":{"admin":true}}'
    const { rows } = parseObjects(bytesOf(text), 0, text.length, 1)
    expect(Object.keys(rows[0])).toEqual(['__proto__'])
    expect((rows[0] as { admin?: boolean }).admin).toBeUndefined()
  })
})

describe('scanTopLevel and readElements', () => {
  it('find every element whatever the order, the layout and the pieces', { timeout: 30_000 }, async () => {
    const file = fc.record({
      images: fc.array(jsonObject),
      annotations: fc.array(jsonObject),
      info: fc.jsonValue(),
      n: fc.double({ noNaN: true, noDefaultInfinity: true }),
      s: fc.string(),
    })
    await fc.assert(
      fc.asyncProperty(
        file,
        fc.shuffledSubarray(['images', 'annotations', 'info', 'n', 's']),
        spaced,
        fc.integer({ min: 1, max: 60 }),
        async (data, keys, space, size) => {
          const text = JSON.stringify(
            Object.fromEntries(keys.map((key) => [key, data[key as keyof typeof data]])),
            null,
            space,
          )
          const bytes = bytesOf(text)
          const spans = await scanTopLevel(pieces(bytes, size), 'a.json')
          expect(spans.map((span) => span.key)).toEqual(keys)
          for (const { key, start, end, line } of spans) {
            const value = new TextDecoder().decode(bytes.subarray(start, end))
            expect(JSON.parse(value)).toEqual(JSON.parse(JSON.stringify(data[key as keyof typeof data])))
            expect(line).toBe(new TextDecoder().decode(bytes.subarray(0, start)).split('\n').length)
            if (key !== 'images' && key !== 'annotations') continue
            const rows: unknown[] = []
            for await (const elements of readElements(pieces(bytes.subarray(start, end), size), {
              file: 'a.json',
              key,
              startLine: line,
              startByte: start,
            })) {
              elements.lines.forEach((row) => expect(text.split('\n')[row - 1]).toContain('{'))
              rows.push(...elements.rows)
            }
            expect(rows).toEqual(JSON.parse(value))
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  const scan = (text: string, size = 7) => scanTopLevel(pieces(bytesOf(text), size), 'a.json')

  it.each([
    ['', 'a.json ends at byte 0 (line 1) before anything begins: the file is empty or cut off. Get it again.'],
    ['hello', 'a.json is not readable JSON: an unexpected "h" at byte 0 (line 1). The file is damaged or of another kind; get it again or choose another format.'],
    ['{"images":[}', 'a.json is not readable JSON: an unexpected "}" at byte 11 (line 1). The file is damaged or of another kind; get it again or choose another format.'],
    ['{\n"images":[{"id":1', 'a.json ends at byte 19 (line 2) inside of "images": the file is empty or cut off. Get it again.'],
    ['{"images":[]}\n}', 'a.json is not readable JSON: an unexpected "}" after the end at byte 14 (line 2). The file is damaged or of another kind; get it again or choose another format.'],
    ['{"a":1,}', 'a.json is not readable JSON: an unexpected "}" at byte 7 (line 1). The file is damaged or of another kind; get it again or choose another format.'],
    ['[1,2]', 'a.json holds a list, not a COCO data set: an object with "images", "annotations" and "categories". Choose another file or format.'],
    ['{"a":[@]}', 'a.json is not readable JSON: an unexpected "@" at byte 6 (line 1). The file is damaged or of another kind; get it again or choose another format.'],
  ])('says what is wrong with %j', async (text, message) => {
    await expect(scan(text)).rejects.toThrow(expect.objectContaining({ message }))
  }) // prettier-ignore

  it('refuses brackets without end before memory is taken', async () => {
    await expect(scan(`{"a":${'['.repeat(100_000)}`, 1000)).rejects.toThrow('more than 256 levels of brackets')
  })

  it('skips an element that is no JSON and reads the others', async () => {
    const text = '[\n{"id":1},\n{"id":NaN},\n{"id":3}\n]'
    const seen = []
    for await (const elements of readElements(pieces(bytesOf(text), 9), {
      file: 'a.json',
      key: 'annotations',
      startLine: 5,
      startByte: 0,
    }))
      seen.push(elements)
    expect(seen.flatMap((elements) => elements.rows)).toEqual([{ id: 1 }, { id: 3 }])
    expect(seen.flatMap((elements) => elements.lines)).toEqual([6, 8])
    expect(seen.flatMap((elements) => elements.issues)).toEqual([
      {
        level: 'skipped',
        code: 'bad-element',
        file: 'a.json',
        line: 7,
        message:
          'An element of "annotations" is skipped: it holds NaN or Infinity, which JSON does not have ({"id":NaN}). Correct it and import again.',
      },
    ])
  })
})
