import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parsePythonLiteral, pythonNames } from '@shared/base/python-literal'

test('reads what exporters write', () => {
  expect(parsePythonLiteral("{0: 'person', 1: \"it's\", 2: 'a\\'b\\\\c\\x41\\u00e9\\n'}")).toEqual(
    new Map<number, string>([
      [0, 'person'],
      [1, "it's"],
      [2, "a'b\\cAé\n"],
    ]),
  )
  expect(parsePythonLiteral('[640, 640.5, -1e-3]')).toEqual([640, 640.5, -0.001])
  expect(parsePythonLiteral("{'a': True, 'b': None, 'c': (1, [2,],)}")).toEqual(
    new Map<string, unknown>([
      ['a', true],
      ['b', null],
      ['c', [1, [2]]],
    ]),
  )
  expect(parsePythonLiteral('{"0": "json", "1": false}')).toEqual(
    new Map<string, unknown>([
      ['0', 'json'],
      ['1', false],
    ]),
  )
})

test('names come back, whatever they hold', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1 }), (names) => {
      expect(parsePythonLiteral(pythonNames(names))).toEqual(new Map(names.map((name, i) => [i, name])))
    }),
  )
})

test('anything else is one error', () => {
  for (const text of ['', '{', '[1', "'open", '{1}', 'hello', '1 2', '{[]: 1}', '['.repeat(1000)])
    expect(() => parsePythonLiteral(text), text).toThrow(expect.objectContaining({ code: 'bad-literal' }))
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parsePythonLiteral(text)
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad-literal' })
      }
    }),
  )
})
