import { describe, expect, it } from 'vitest'
import { skeletonFault } from '@shared/domain/skeleton'

const good = { names: ['nose', 'left', 'right'], edges: [[0, 1]] as [number, number][], flip: [0, 2, 1], sigmas: [] }

describe('a skeleton', () => {
  it('may leave out everything but names', () => {
    expect(skeletonFault(good)).toBeNull()
    expect(skeletonFault({ names: ['a'], edges: [], flip: [], sigmas: [] })).toBeNull()
    expect(skeletonFault({ ...good, sigmas: [0.1, 0.1, 0.1], colors: ['#000000', '#000000', '#ffffff'] })).toBeNull()
  })

  it('is refused with the reason', () => {
    expect(skeletonFault({ ...good, names: [], flip: [], edges: [] })).toMatch('at least one')
    expect(skeletonFault({ ...good, names: ['a', ' ', 'b'] })).toMatch('needs a name')
    expect(skeletonFault({ ...good, names: ['a', 'b', 'a'] })).toMatch('"a"')
    expect(skeletonFault({ ...good, edges: [[0, 3]] })).toMatch('0-3')
    expect(skeletonFault({ ...good, edges: [[1, 1]] })).toMatch('1-1')
    expect(skeletonFault({ ...good, flip: [0, 2] })).toMatch('2 entries for 3')
    expect(skeletonFault({ ...good, flip: [0, 2, 2] })).toMatch('left')
    expect(skeletonFault({ ...good, sigmas: [0, 1, 1] })).toMatch('sigma')
    expect(skeletonFault({ ...good, layout: [[0, 0]] })).toMatch('layout')
  })
})
