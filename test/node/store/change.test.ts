import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Writer } from '../../../src-main/store/change'
import { packIds, unpackIds } from '../../../src-main/store/id-set'
import { deleteLabel, mergeLabels, renameLabel } from '../../../src-main/store/change-labels'
import { initStore, openStore, type Store } from '../../../src-main/store/store'
import { dumpStore, fillStore, tempStore } from '../../helpers/temp-store'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let clock = Date.parse('2026-01-01T00:00:00Z')
const temp = tempStore({ now: () => new Date(clock) })
const code = (value: string) => expect.objectContaining({ code: value })
const newBox = (write: Writer, x = 5) =>
  write.insert('annotation', { sample_id: 1, label_id: 1, kind: 'box', x1: x, y1: x, x2: x + 1, y2: x + 1 })
const move = (write: Writer, id: number, x: number) => write.update('annotation', id, { x1: x })

describe('change', () => {
  it('writes all or nothing', () => {
    fillStore(temp.store)
    const before = temp.dump()
    const revision = temp.store.project.revision
    expect(() =>
      temp.store.change('half', (write) => {
        newBox(write)
        move(write, 1, 9)
        throw new Error('stop')
      }),
    ).toThrow('stop')
    expect(temp.dump()).toEqual(before)
    expect(temp.store.project.revision).toBe(revision)
    expect(temp.store.history().entries).toEqual([])
  })

  it('answers what the function answers, counts one revision and tells it after the commit', () => {
    fillStore(temp.store)
    const heard: [number, unknown][] = []
    temp.store.events.on('project.changed', ({ revision }) => heard.push([revision, temp.store.db.inTransaction]))
    const start = temp.store.project.revision
    const id = temp.store.change('Draw', (write) => newBox(write))
    expect(id).toBe(5)
    expect(heard).toEqual([[start + 1, false]])
    expect(temp.store.db.prepare('SELECT revision FROM annotation WHERE id = 5').pluck().get()).toBe(start + 1)
  })

  it('does nothing when nothing differs', () => {
    fillStore(temp.store)
    const start = temp.store.project.revision
    temp.store.change('Same', (write) => write.update('annotation', 1, { x1: 1 }))
    expect(temp.store.change('Same', (write) => write.set('sample', 'split', 'train', [1]))).toBe(0)
    expect(temp.store.project.revision).toBe(start)
    expect(temp.store.history().entries).toEqual([])
  })

  it('refuses waiting functions, changes inside changes, unknown columns and rows in use', () => {
    fillStore(temp.store)
    expect(() => temp.store.change('x', async (write) => newBox(write))).toThrowError(code('async-change'))
    expect(() => temp.store.change('x', () => temp.store.change('y', (write) => newBox(write)))).toThrowError(
      code('nested-change'),
    )
    expect(() =>
      temp.store.change('x', (write) => write.update('sample', 1, { ['path = 1; --']: 2 } as never)),
    ).toThrowError(code('unknown-column'))
    expect(() => temp.store.change('x', (write) => write.remove('label', 1))).toThrowError(code('in-use'))
    expect(() => temp.store.change('x', (write) => write.remove('sample', 99))).toThrowError(code('not-found'))
    expect(temp.store.db.prepare('SELECT count(*) FROM annotation').pluck().get()).toBe(4)
  })

  it('keeps the history over a restart and discards redo with a new change', () => {
    fillStore(temp.store)
    const base = temp.dump()
    temp.store.change('one', (write) => move(write, 1, 50))
    const one = temp.dump()
    temp.store.change('two', (write) => write.remove('annotation', 2))
    const two = temp.dump()
    expect(temp.reopen().undo()!.entry.reason).toBe('two')
    expect(temp.dump()).toEqual(one)
    expect(temp.reopen().undo()!.entry.reason).toBe('one')
    expect(temp.dump()).toEqual(base)
    expect(temp.store.undo()).toBeNull()
    temp.store.redo()
    expect(temp.reopen().redo()!.entry.reason).toBe('two')
    expect(temp.dump()).toEqual(two)
    expect(temp.store.redo()).toBeNull()
    temp.store.undo()
    temp.store.change('three', (write) => move(write, 3, 1))
    expect(temp.store.redo()).toBeNull()
    expect(temp.store.history().entries.map((entry) => [entry.reason, entry.done])).toEqual([
      ['three', true],
      ['one', true],
    ])
  })

  it('joins nudges of the same rows into one step, within the time window', () => {
    fillStore(temp.store)
    const base = temp.dump()
    const nudge = (id: number, x: number) => temp.store.change('Nudge', (write) => move(write, id, x), 'merge')
    for (let i = 0; i < 5; i++) {
      nudge(1, 10 + i)
      clock += 1000
    }
    expect(temp.store.history().entries).toHaveLength(1)
    nudge(2, 7)
    expect(temp.store.history().entries).toHaveLength(2)
    clock += 60_000
    nudge(2, 8)
    expect(temp.store.history().entries).toHaveLength(3)
    temp.store.undo()
    temp.store.undo()
    const after = temp.dump()
    temp.store.undo()
    expect(temp.dump()).toEqual(base)
    temp.store.redo()
    expect(temp.dump()).toEqual(after)
    expect(temp.store.db.prepare('SELECT x1 FROM annotation WHERE id = 1').pluck().get()).toBe(14)
  })

  it('does not join a nudge to an undone one or to a recorded one', () => {
    fillStore(temp.store)
    temp.store.change('Nudge', (write) => move(write, 1, 10))
    temp.store.change('Nudge', (write) => move(write, 1, 11), 'merge')
    expect(temp.store.history().entries).toHaveLength(2)
    temp.store.undo()
    temp.store.change('Nudge', (write) => move(write, 1, 12), 'merge')
    expect(temp.store.history().entries.map((entry) => entry.done)).toEqual([true, true])
  })

  it('leaves ignored changes out of the history, and refuses to undo what they touched, naming the row', () => {
    fillStore(temp.store)
    temp.store.change('Move', (write) => {
      move(write, 1, 50)
      move(write, 3, 60)
    })
    temp.store.change('job', (write) => move(write, 3, 99), 'ignore')
    expect(temp.store.history().entries).toHaveLength(1)
    const before = temp.dump()
    expect(() => temp.store.undo()).toThrowError(/Annotation 3 \(ship\) on b\.jpg was changed since/)
    expect(temp.dump()).toEqual(before)
    const outcome = temp.store.undo({ skipChanged: true })!
    expect(outcome.skipped).toHaveLength(1)
    expect(temp.store.db.prepare('SELECT x1 FROM annotation ORDER BY id').pluck().all()).toEqual([1, 2, 99, 4])
    temp.store.redo()
    expect(temp.store.db.prepare('SELECT x1 FROM annotation ORDER BY id').pluck().all()).toEqual([50, 2, 99, 4])
  })

  it('undoes although a job has filled in hash and state', () => {
    fillStore(temp.store)
    temp.store.change('Split', (write) => write.set('sample', 'split', 'test', [1, 2, 3]))
    temp.store.change('hash', (write) => write.update('sample', 1, { hash: 'abc', state: 'missing' }), 'ignore')
    temp.store.undo()
    expect(temp.store.db.prepare('SELECT split FROM sample ORDER BY id').pluck().all()).toEqual(['train', 'val', null])
  })

  it('skips only the rows of a set that changed', () => {
    fillStore(temp.store)
    temp.store.change('Split', (write) => write.set('sample', 'split', 'test', [1, 2, 3]))
    temp.store.change('job', (write) => write.update('sample', 2, { split: 'train' }), 'ignore')
    expect(() => temp.store.undo()).toThrowError(/Sample 2 b\.jpg was changed since/)
    temp.store.undo({ skipChanged: true })
    expect(temp.store.db.prepare('SELECT split FROM sample ORDER BY id').pluck().all()).toEqual([
      'train',
      'train',
      null,
    ])
  })

  it('names a removed row that came to be used', () => {
    fillStore(temp.store)
    const label = temp.store.change('Add', (write) =>
      write.insert('label', { idx: 2, name: 'dock', color: '#000000', coco_id: 3 }),
    )
    temp.store.change(
      'job',
      (write) => write.insert('annotation', { sample_id: 1, label_id: label, kind: 'tag' }),
      'ignore',
    )
    expect(() => temp.store.undo()).toThrowError(/Label 3 "dock" is used by newer rows/)
  })
})

describe('id set', () => {
  it('round-trips and is small for neighbours', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 2 ** 40 })), (ids) => {
        expect(unpackIds(packIds(ids))).toEqual([...ids].sort((a, b) => a - b))
      }),
    )
    const packed = packIds(Array.from({ length: 90_000 }, (_, i) => 5_000_000 + i))
    expect(packed.length).toBeLessThan(90_000 * 1.4)
  })
})

/** One random change; returns false when it had nothing to do. */
type Step = { kind: string; a: number; b: number; x: number }
const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    'insert',
    'move',
    'shape',
    'remove',
    'split',
    'review',
    'rename',
    'merge',
    'delete-gap',
    'delete-reindex',
    'add-label',
    'remove-sample',
    'several',
  ),
  a: fc.nat(1000),
  b: fc.nat(1000),
  x: fc.oneof(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), fc.integer({ min: -5, max: 5 })),
})
function perform(store: Store, { kind, a, b, x }: Step, n: number): void {
  const ids = (table: string) => store.db.prepare(`SELECT id FROM ${table} ORDER BY id`).pluck().all() as number[]
  const labels = store.db.prepare('SELECT id FROM label WHERE gap = 0 ORDER BY id').pluck().all() as number[]
  const pick = (list: number[], i: number) => list[i % list.length]
  const annotations = ids('annotation')
  const samples = ids('sample')
  const insert = (write: Writer) =>
    write.insert('annotation', {
      sample_id: pick(samples, a),
      label_id: pick(labels, b),
      kind: 'box',
      x1: x,
      y1: 0,
      x2: x + 1,
      y2: 1e-7,
      flags: a % 64,
    })
  switch (kind) {
    case 'insert':
      if (samples.length && labels.length) store.change(kind, insert)
      return
    case 'move':
      if (annotations.length)
        store.change(
          kind,
          (write) => write.update('annotation', pick(annotations, a), { x1: x, z: b }),
          b % 2 ? 'merge' : 'record',
        )
      return
    case 'shape':
      if (annotations.length)
        store.change(kind, (write) =>
          write.update('annotation', pick(annotations, a), { kind: 'polygon', shape: JSON.stringify({ x }), area: x }),
        )
      return
    case 'remove':
      if (annotations.length) store.change(kind, (write) => write.remove('annotation', pick(annotations, a)))
      return
    case 'split':
      store.change(kind, (write) =>
        write.set(
          'sample',
          'split',
          ['train', 'val', null][a % 3],
          samples.filter((id) => id % 2 === b % 2),
        ),
      )
      return
    case 'review':
      store.change(kind, (write) => write.set('sample', 'reviewed', a % 2, samples))
      return
    case 'rename':
      if (labels.length) renameLabel(store, pick(labels, a), `name ${n}`)
      return
    case 'merge':
      if (labels.length > 1)
        mergeLabels(store, [labels[a % labels.length]], labels[(a + 1) % labels.length], b % 2 ? 'reindex' : 'keep-gap')
      return
    case 'delete-gap':
    case 'delete-reindex':
      if (labels.length) deleteLabel(store, pick(labels, a), kind === 'delete-gap' ? 'keep-gap' : 'reindex')
      return
    case 'add-label': {
      const top = store.db.prepare('SELECT coalesce(max(idx), -1) + 1 FROM label').pluck().get() as number
      store.change(kind, (write) =>
        write.insert('label', { idx: top, name: `label ${n}`, color: '#123456', coco_id: 1000 + n }),
      )
      return
    }
    case 'remove-sample':
      if (samples.length) {
        const id = pick(samples, a)
        const owned = store.db.prepare('SELECT id FROM annotation WHERE sample_id = ?').pluck().all(id) as number[]
        store.change(kind, (write) => {
          write.removeSet('annotation', owned)
          write.removeSet('sample', [id])
        })
      }
      return
    case 'several':
      if (samples.length && labels.length) {
        store.change(kind, (write) => {
          const id = insert(write)
          write.update('annotation', id, { x2: x })
          write.update('annotation', id, { x2: x + 3, area: null })
          if (annotations.length) write.remove('annotation', pick(annotations, b))
          write.update('project', 1, { name: `project ${n}` })
        })
      }
      return
  }
}

describe('undo and redo', () => {
  it('go back to every former state and forth again, over restarts, whatever was done', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(fc.array(stepArbitrary, { minLength: 1, maxLength: 25 }), fc.integer(), (steps, salt) => {
        const folder = mkdtempSync(join(tmpdir(), 'undo-'))
        let now = 0
        const options = { now: () => new Date((now += 10_000)) }
        let store = initStore(join(folder, 'p'), {}, options)
        try {
          fillStore(store)
          const restart = (i: number) => {
            if ((i + salt) % 7 !== 0) return
            store.close()
            store = openStore(join(folder, 'p'), options)
          }
          const states = [dumpStore(store)]
          steps.forEach((step, i) => {
            const count = store.history(1000).entries.length
            perform(store, step, i)
            if (store.history(1000).entries.length > count) states.push(dumpStore(store))
            else expect(dumpStore(store)).toEqual(states.at(-1))
            restart(i)
          })
          for (let i = states.length - 2; i >= 0; i--) {
            expect(store.undo()).not.toBeNull()
            restart(i)
            expect(dumpStore(store)).toEqual(states[i])
          }
          expect(store.undo()).toBeNull()
          for (let i = 1; i < states.length; i++) {
            expect(store.redo()).not.toBeNull()
            restart(i)
            expect(dumpStore(store)).toEqual(states[i])
          }
          expect(store.redo()).toBeNull()
          expect(store.db.pragma('foreign_key_check')).toEqual([])
        } finally {
          store.close()
          rmSync(folder, { recursive: true })
        }
      }),
      { numRuns: 40 },
    )
  })
})
