/** Which of a model's classes is which label: by name, by COCO id, by index, by the user's word. */
import { describe, expect, test } from 'vitest'
import { mapClasses, type ClassMapInput } from '@shared/domain/class-map'
import { cocoClasses } from '@shared/domain/coco-classes'

const label = (name: string, cocoId = 0) => ({ name, cocoId })
const map = (
  model: Partial<ClassMapInput['model']>,
  labels: ClassMapInput['labels'],
  classMap: ClassMapInput['classMap'] = null,
) => mapClasses({ model: { names: null, count: null, ...model }, labels, classMap })
const table = (mapping: ReturnType<typeof map>, count: number) =>
  Array.from({ length: count }, (_, i) => mapping.labelOf(i))

describe('with labels', () => {
  test('by name, whatever the order and the case; the rest is dropped and named', () => {
    const mapping = map({ names: ['Cat', 'dog', 'fish'], count: 3 }, [label('dog'), label('cat')])
    expect(table(mapping, 3)).toEqual([1, 0, -1])
    expect(mapping.dropped).toEqual(['fish'])
    expect(mapping.labels).toEqual(['dog', 'cat'])
  })

  test("a run's class follows its renamed label by the COCO id", () => {
    const mapping = map({ names: ['RBC', 'WBC'], count: 2, cocoIds: [1, 2] }, [label('red cell', 1), label('WBC', 2)])
    expect(table(mapping, 2)).toEqual([0, 1])
  })

  test('by index when nothing is named and the counts are equal', () => {
    expect(table(map({ count: 3 }, [label('a'), label('b'), label('c')]), 4)).toEqual([0, 1, 2, -1])
  })

  test("80 classes without names are COCO's", () => {
    const mapping = map({ count: 80 }, [label('boat'), label('person')])
    expect(mapping.labelOf(0)).toBe(1)
    expect(mapping.labelOf(8)).toBe(0)
    expect(mapping.dropped).toHaveLength(78)
    // A project with 80 labels of its own: by index, because no name fits.
    const own = map(
      { count: 80 },
      Array.from({ length: 80 }, (_, i) => label(`species ${i}`)),
    )
    expect(own.labelOf(41)).toBe(41)
  })

  test.each<[string, Partial<ClassMapInput['model']>, string[]]>([
    ['names that do not fit, though as many', { names: ['x', 'y'], count: 2 }, ['a', 'b']],
    ['another count', { count: 5 }, ['a', 'b']],
    ['an unknown count', {}, ['a']],
    ['80 classes and no COCO name', { count: 80 }, ['lighthouse']],
  ])('%s: the error names --class-map', (_, model, labels) => {
    expect(() =>
      map(
        model,
        labels.map((name) => label(name)),
      ),
    ).toThrow(expect.objectContaining({ code: 'class-map-needed', message: expect.stringContaining('--class-map') }))
  })
})

describe("the user's map", () => {
  const labels = [label('ship'), label('bird')]
  test('by name and by index; what it leaves out is dropped', () => {
    const mapping = map({ names: ['boat', 'gull', 'tern'], count: 3 }, labels, { boat: 'ship', 2: 'bird' })
    expect(table(mapping, 3)).toEqual([0, -1, 1])
    expect(mapping.dropped).toEqual(['gull'])
    expect(table(map({ count: 9 }, labels, { 8: 'ship' }), 9).at(-1)).toBe(0)
  })
  test.each([
    [{ boot: 'ship' }, 'Did you mean "boat"?'],
    [{ 7: 'ship' }, 'no class "7"'],
    [{ boat: 'shop' }, 'Did you mean "ship"?'],
  ])('%o is refused with a hint', (classMap, hint) => {
    expect(() => map({ names: ['boat'], count: 1 }, labels, classMap as unknown as Record<string, string>)).toThrow(
      expect.objectContaining({ code: 'bad-class-map', message: expect.stringContaining(hint) }),
    )
  })
})

describe('without a project', () => {
  test("the model's names are used, COCO's for 80 classes, numbers for others", () => {
    expect(map({ names: ['a', 'b'], count: 2 }, null).labels).toEqual(['a', 'b'])
    expect(map({ count: 80 }, null).labels).toEqual(cocoClasses)
    const unknown = map({}, null)
    expect(unknown.labelOf(2)).toBe(2)
    expect(unknown.labels).toEqual(['class 0', 'class 1', 'class 2'])
  })
  test('and may be renamed', () => {
    const mapping = map({ names: ['a', 'b', 'c'], count: 3 }, null, { a: 'x', c: 'x' })
    expect(mapping.labels).toEqual(['x'])
    expect(table(mapping, 3)).toEqual([0, -1, 0])
  })
})

test('COCO has its 80 classes in their order', () => {
  expect(cocoClasses).toHaveLength(80)
  expect(new Set(cocoClasses).size).toBe(80)
  expect([cocoClasses[0], cocoClasses[79]]).toEqual(['person', 'toothbrush'])
})
