/** kill -9 at any moment loses no acknowledged row and leaves the project sound. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { bundle } from '../../helpers/bundle'
import type { Acknowledged } from '../../helpers/commit-process'
import { fillStore, tempStore } from '../../helpers/temp-store'

const temp = tempStore()
let program: string
beforeAll(async () => {
  program = await bundle(resolve(import.meta.dirname, '../../helpers/commit-process.ts'))
})

/** Runs the program until a random moment after its first messages; returns what it had acknowledged. */
async function runAndKill(mode: string, seed: number, delay: number): Promise<Acknowledged[]> {
  const child = fork(program, [join(temp.folder, 'p'), mode, String(seed)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const messages: Acknowledged[] = []
  let errors = ''
  child.stderr!.on('data', (piece) => (errors += String(piece)))
  const exited = once(child, 'exit')
  child.on('message', (message: Acknowledged) => messages.push(message))
  await Promise.race([once(child, 'message'), exited])
  expect(child.exitCode, errors).toBeNull()
  await sleep(delay)
  child.kill('SIGKILL')
  await exited
  // Messages sent before the kill may still be in the pipe; 'disconnect' comes after the last of them.
  if (child.connected) await once(child, 'disconnect')
  return messages
}

const count = (text: string) => temp.store.db.prepare(text).pluck().get() as number
const isSound = () => {
  expect(temp.store.db.pragma('integrity_check', { simple: true })).toBe('ok')
  expect(temp.store.db.pragma('foreign_key_check')).toEqual([])
}

it('while boxes are drawn, metrics written, steps undone and redone: 30 kills', { timeout: 180_000 }, async () => {
  fillStore(temp.store)
  const drawn = new Set<number>()
  let cursor = 0
  for (let round = 0; round < 30; round++) {
    temp.store.close()
    for (const message of await runAndKill(round % 2 ? 'edit' : 'mixed', round, Math.random() * 60)) {
      if (message.drawn !== undefined) drawn.add(message.drawn)
      cursor = Math.max(cursor, message.cursor ?? 0)
    }
    temp.reopen()
    const there = new Set(temp.store.db.prepare('SELECT id FROM annotation').pluck().all() as number[])
    expect([...drawn].filter((id) => !there.has(id))).toEqual([])
    expect(count('SELECT coalesce(max(id), 0) FROM metric')).toBeGreaterThanOrEqual(cursor)
    // Each drawn box has its step of the history: both were committed together.
    expect(count(`SELECT count(*) FROM history WHERE reason = 'Draw' AND done = 1`)).toBe(there.size - 4)
    isSound()
  }
  expect(drawn.size).toBeGreaterThan(30)
  expect(cursor).toBeGreaterThan(0)
  // The whole history can still be walked.
  while (temp.store.undo());
  expect(count('SELECT count(*) FROM annotation')).toBe(4)
  expect(temp.store.db.prepare('SELECT split FROM sample ORDER BY id').pluck().all()).toEqual(['train', 'val', null])
})

it('while importing: an import is there whole or not at all', { timeout: 180_000 }, async () => {
  const imported = new Set<string>()
  const indexes = `SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'annotation'`
  const before = count(indexes)
  let interrupted = 0
  for (let round = 0; round < 12; round++) {
    temp.store.close()
    const messages = await runAndKill('import', round, Math.random() * 120)
    for (const message of messages) if (message.imported) imported.add(message.imported)
    temp.reopen()
    interrupted += temp.store.removedImports.length
    const batches = temp.store.db.prepare('SELECT source, samples, annotations FROM import').all() as {
      source: string
      samples: number
      annotations: number
    }[]
    for (const source of imported) expect(batches.map((batch) => batch.source)).toContain(source)
    expect(batches.every((batch) => batch.samples === 600 && batch.annotations === 600)).toBe(true)
    expect(count('SELECT count(*) FROM sample')).toBe(batches.length * 600)
    expect(count('SELECT count(*) FROM annotation')).toBe(batches.length * 600)
    expect(count(indexes)).toBe(before)
    isSound()
  }
  expect(imported.size + interrupted).toBeGreaterThan(0)
})
