import { describe, expect, it } from 'vitest'
import { parseClassFile, printClassText, printClassYaml, type ClassFileLabel } from '@shared/domain/class-file'

const bad = (text: string) =>
  expect.objectContaining({ code: 'bad-class-file', message: expect.stringContaining(text) })
const skeleton = { names: ['a', 'b'], edges: [[0, 1]] as [number, number][], flip: [1, 0], sigmas: [0.1, 0.2] }

describe('class files', () => {
  it('read plain text of any platform, with a byte order mark and empty lines', () => {
    expect(parseClassFile('\uFEFFship\r\n\r\n  buoy \nZürich ⛵\n')).toEqual({
      format: 'text',
      labels: [{ name: 'ship' }, { name: 'buoy' }, { name: 'Zürich ⛵' }],
    })
  })

  it('read names from YAML as a list or by index', () => {
    const list = parseClassFile('path: .\nnames: [ship, "yes", 3]\n')
    expect(list).toEqual({ format: 'yaml', labels: [{ name: 'ship' }, { name: 'yes' }, { name: '3' }] })
    expect(parseClassFile('names:\n  10: b\n  2: a\n').labels.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('come back as they were written', () => {
    const labels: ClassFileLabel[] = [
      { name: 'ship: "big", #1', color: '#0072b2', cocoId: 3, hotkey: 'q', skeleton },
      { name: 'no', color: '#e69f00', cocoId: 4, hotkey: '' },
    ]
    expect(parseClassFile(printClassYaml(labels))).toEqual({ format: 'yaml', labels })
    expect(parseClassFile(printClassText([{ name: 'a b' }, { name: 'c' }])).labels).toEqual([
      { name: 'a b' },
      { name: 'c' },
    ])
  })

  it('are refused with what is wrong', () => {
    expect(() => parseClassFile(' \n')).toThrowError(bad('names no classes'))
    expect(() => parseClassFile('a\nb\na\n')).toThrowError(bad('"a" twice'))
    expect(() => parseClassFile('names: [a\n')).toThrowError(bad('is not YAML'))
    expect(() => parseClassFile('names: 3\n')).toThrowError(bad('"names"'))
    expect(() => parseClassFile('names: [a]\nlabels: {a: {color: red}}\n')).toThrowError(bad('labels.a.color'))
    const lame = 'names: [a]\nlabels: {a: {skeleton: {names: [x, y], edges: [[0, 5]]}}}\n'
    expect(() => parseClassFile(lame)).toThrowError(bad('edge 0-5'))
  })
})
