import { describe, expect, it } from 'vitest'
import {
  accelerator,
  findConflicts,
  keyCaps,
  keysOf,
  keysOfPress,
  normalizeKeys,
} from '../../../src-renderer/actions/keymap'
import { rankMatch } from '../../../src-renderer/app/rank-match'

const press = (
  key: string,
  code: string,
  modifiers: Partial<Record<'ctrl' | 'meta' | 'alt' | 'shift', true>> = {},
) => ({
  key,
  code,
  ctrlKey: modifiers.ctrl ?? false,
  metaKey: modifiers.meta ?? false,
  altKey: modifiers.alt ?? false,
  shiftKey: modifiers.shift ?? false,
})

describe('keymap', () => {
  it('tells bindings apart by what triggers them, not by how they are written', () => {
    expect(normalizeKeys('Shift+$mod+Z')).toBe(normalizeKeys('$mod+Shift+KeyZ'))
    expect(normalizeKeys('Alt+Digit1')).toBe(normalizeKeys('Alt+1'))
    expect(normalizeKeys('$mod+z')).not.toBe(normalizeKeys('$mod+Shift+z'))
    expect(normalizeKeys('$mod+k', true)).toBe('Meta+k')
    expect(normalizeKeys('[Shift]+?')).toBe('?')
  })
  it('writes down what was pressed', () => {
    expect(keysOfPress(press('z', 'KeyZ', { ctrl: true }), false)).toBe('$mod+z')
    expect(keysOfPress(press('Z', 'KeyZ', { ctrl: true, shift: true }), false)).toBe('$mod+Shift+z')
    expect(keysOfPress(press('?', 'Slash', { shift: true }), false)).toBe('[Shift]+?')
    expect(keysOfPress(press('Ω', 'KeyZ', { alt: true }), true)).toBe('Alt+z')
    expect(keysOfPress(press('!', 'Digit1', { alt: true, shift: true }), false)).toBe('Alt+Shift+1')
    expect(keysOfPress(press(' ', 'Space'), false)).toBe('Space')
    expect(keysOfPress(press('Control', 'ControlLeft', { ctrl: true }), false)).toBeNull()
  })
  it('finds conflicts only where both actions can be meant', () => {
    const actions = [
      { id: 'a', keys: ['$mod+d'] },
      { id: 'b', keys: ['Delete'], view: 'label' },
      { id: 'c', keys: ['Delete'], view: 'review' },
    ]
    expect(findConflicts(actions, actions[1], {}).size).toBe(0)
    expect(findConflicts(actions, actions[0], {}).size).toBe(0)
    const found = findConflicts(actions, actions[0], { a: ['Delete'] })
    expect(found.get('Delete')!.map(({ id }) => id)).toEqual(['b', 'c'])
    expect(keysOf(actions[1], { b: [] })).toEqual([])
  })
  it('shows keycaps as keyboards do', () => {
    expect(keyCaps('$mod+Shift+z', false)).toEqual([['Ctrl', 'Shift', 'Z']])
    expect(keyCaps('$mod+Shift+z', true)).toEqual([['⌘', '⇧', 'Z']])
    expect(keyCaps('[Shift]+?', false)).toEqual([['?']])
    expect(keyCaps('g ArrowLeft', false)).toEqual([['G'], ['←']])
    expect(accelerator('$mod+Shift+z')).toBe('CommandOrControl+Shift+Z')
    expect(accelerator('g i')).toBeNull()
  })
})

describe('rankMatch', () => {
  const rank = (text: string, ...titles: string[]) => titles.toSorted((a, b) => rankMatch(text, b) - rankMatch(text, a))
  it('puts beginnings before words before parts before letters', () => {
    expect(rank('data', 'Export of data', 'Data', 'Metadata', 'Dark theme and all')).toEqual([
      'Data',
      'Export of data',
      'Metadata',
      'Dark theme and all',
    ])
  })
  it('wants every word, the group included', () => {
    expect(rankMatch('edit undo', 'Undo', 'Edit')).toBeGreaterThan(0)
    expect(rankMatch('undo label', 'Undo', 'Edit')).toBe(0)
  })
})
