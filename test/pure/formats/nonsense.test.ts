/** 200 MB that are no COCO file: how much of it is read, how much memory is taken, and what is said. */
import { expect, it } from 'vitest'
import type { FormatSource } from '@shared/catalog/format'
import { formats, matchFormats } from '@shared/catalog/formats'
import { readAll } from '../../helpers/memory-dataset'

const total = 200 * 1024 * 1024

/** `head`, then `body` again and again; nothing is stored. */
function endless(head: string, body: string) {
  const block = new TextEncoder().encode(body.repeat(Math.ceil((1 << 20) / body.length)))
  const start = new TextEncoder().encode(head)
  const seen = { bytes: 0 }
  const source: FormatSource & { head(path: string, bytes?: number): Promise<string> } = {
    files: [{ path: 'x.json', size: total }],
    named: ['x.json'],
    read: () => Promise.reject(new Error('a file of this size is never read whole')),
    async *stream(_, from = 0, to = total) {
      await Promise.resolve()
      // Positions of the head are kept; the body is the same everywhere, so a range inside of it may begin anywhere.
      if (from < start.length) yield start.slice(from, to)
      for (let at = Math.max(from, start.length); at < Math.min(to, total); at += block.length) {
        const piece = block.subarray(0, Math.min(block.length, to - at))
        seen.bytes += piece.length
        yield piece
      }
    },
    imageSize: () => Promise.resolve(null),
    head: (_, bytes = 65536) => Promise.resolve((head + body.repeat(bytes / body.length)).slice(0, bytes)),
  }
  return { source, seen }
}

const cut =
  /^x\.json ends at byte \d+ \(line 1\) inside of "(images|stuff)": the file is empty or cut off\. Get it again\.$/
it.each([
  ['letters', 'abcdefgh', 'abcdefgh', 2, /^x\.json is not readable JSON: an unexpected "a" at byte 0 \(line 1\)\./],
  ['zeros', '\0', '\0', 2, /^x\.json is not readable JSON: an unexpected byte 0x00 at byte 0 \(line 1\)\./],
  ['a list', '[', '1,2,3,4,', 2, /^x\.json holds a list, not a COCO data set: /],
  [
    'brackets',
    '{"images":',
    '[[[[[[[[',
    2,
    /^x\.json is not readable JSON: more than 256 levels of brackets at byte 265 \(line 1\)\./,
  ],
  [
    'brackets that close wrongly',
    '{"images":[',
    '{]',
    2,
    /^x\.json is not readable JSON: an unexpected "]" at byte 12 \(line 1\)\./,
  ],
  [
    'binary in a list',
    '{"images":[',
    '\u0001\u0002',
    2,
    /^x\.json is not readable JSON: an unexpected byte 0x01 at byte 11 \(line 1\)\./,
  ],
  ['one text without end', '{"images":["', 'xxxxxxxx', 200, cut],
  ['one object without end', '{"images":[{"x":[1', ',1,2,3,4', 200, cut],
  ['objects of something else', '{"stuff":[{"a":1}', ',{"a":1,"b":[2]}', 200, cut],
])('%s', { timeout: 60_000 }, async (_, head, body, megabytes, message) => {
  const { source, seen } = endless(head, body)
  const before = process.memoryUsage().rss
  const matches = (await matchFormats(source)).map((match) => match.id)
  expect(matches).toEqual(head.startsWith('{"images":') ? ['coco'] : [])
  await expect(readAll(formats.get('coco').read(source, {}))).rejects.toThrow(message)
  expect(seen.bytes).toBeLessThanOrEqual(megabytes * 1024 * 1024)
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024)
})

it('one element of more than 16 MB in a file that is otherwise sound', { timeout: 60_000 }, async () => {
  const { source, seen } = endless('{"images":[{"x":[1', ',1,2,3,4')
  const { stream } = source
  const end = ']}]}'
  source.stream = async function* (path, from = 0, to = total) {
    for await (const piece of stream(path, from, Math.min(to, total - end.length))) yield piece
    if (to >= total - end.length)
      yield new TextEncoder()
        .encode(end)
        .slice(Math.max(0, from - total + end.length), Math.max(0, to - total + end.length))
  }
  const before = process.memoryUsage().rss
  await expect(readAll(formats.get('coco').read(source, {}))).rejects.toThrow(
    'x.json is not readable JSON: one element of "images" has more than 16 MB at byte 11 (line 1).',
  )
  // The pass over the whole file, and the first 16 MB of the list.
  expect(seen.bytes).toBeLessThan(220 * 1024 * 1024)
  // 16 MB of this text are eight million numbers; how much of their garbage is still there is the collector's choice.
  expect(process.memoryUsage().rss - before).toBeLessThan(700 * 1024 * 1024)
})
