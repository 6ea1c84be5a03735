/**
 * `core.lock`: which process owns a project, and where it listens. A lock is stale when its process has ended; the id
 * alone does not tell, because ids are used again, so the start time is compared too.
 */
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { TagwrightError } from '@shared/base/errors'
import { processStart } from './process-start'

const ownerSchema = z.object({
  pid: z.int(),
  /** See process-start.ts. */
  start: z.string(),
  computer: z.string(),
  /** null while the owner is starting. */
  endpoint: z.object({ url: z.string(), token: z.string() }).nullable(),
})
export type Owner = z.infer<typeof ownerSchema>
export type Endpoint = NonNullable<Owner['endpoint']>

export interface Lock {
  /** Tells other processes where to attach. */
  setEndpoint(endpoint: Endpoint): void
  /** Removes the lock if it is still this process's. */
  release(): void
}

export type LockResult = { lock: Lock } | { owner: Owner & { endpoint: Endpoint } }

/** How long an owner may take from its lock to its endpoint, ms: a migration of a large project runs in between. */
const startTimeout = 30_000
/** A takeover is a matter of microseconds; one that is older was left by a crash. */
const takeoverTimeout = 5000

/**
 * Takes the project's lock, or tells who has it.
 * Throws `project-locked` when the owner runs on another computer, `project-busy` when it does not say where it listens.
 */
export async function acquireLock(folder: string, timeout = startTimeout): Promise<LockResult> {
  const file = join(folder, 'core.lock')
  const own: Owner = { pid: process.pid, start: processStart(process.pid)!, computer: hostname(), endpoint: null }
  const deadline = Date.now() + timeout
  for (;;) {
    if (create(file, own)) return { lock: makeLock(file, own) }
    const owner = read(file)
    if (owner !== 'missing') {
      if (owner !== 'unreadable' && owner.computer !== own.computer) throw lockedElsewhere(owner, file)
      if (isStale(owner, file)) {
        takeOver(file, owner)
        continue
      }
      if (owner !== 'unreadable' && owner.endpoint) return { owner: { ...owner, endpoint: owner.endpoint } }
    }
    if (Date.now() > deadline) {
      const who = typeof owner === 'object' ? `process ${owner.pid}` : 'another process'
      throw new TagwrightError(
        'project-busy',
        `The project in ${folder} is being opened by ${who} since ${Math.round(timeout / 1000)} s. Wait for it or end it.`,
        { folder, ...(typeof owner === 'object' ? { pid: owner.pid } : {}) },
      )
    }
    await sleep(50)
  }
}

function create(file: string, owner: Owner): boolean {
  let handle: number
  try {
    // The token inside lets its reader act as the user.
    handle = openSync(file, 'wx', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  writeSync(handle, JSON.stringify(owner))
  closeSync(handle)
  return true
}

function read(file: string): Owner | 'missing' | 'unreadable' {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'unreadable'
  }
}

function isStale(owner: Owner | 'unreadable', file: string): boolean {
  // Between creating and writing a lock is empty; one that stays so was left by a crash or a full disk.
  if (owner === 'unreadable') return age(file) > 2000
  const start = processStart(owner.pid)
  if (start === null) return true
  return start !== 'unknown' && owner.start !== 'unknown' && start !== owner.start
}

/** Removes a stale lock. Of several processes that found it, one does; the others look again. */
function takeOver(file: string, stale: Owner | 'unreadable'): void {
  const guard = `${file}.takeover`
  try {
    closeSync(openSync(guard, 'wx'))
  } catch {
    if (age(guard) > takeoverTimeout) rmSync(guard, { force: true })
    return
  }
  try {
    if (JSON.stringify(read(file)) === JSON.stringify(stale)) rmSync(file, { force: true })
  } finally {
    rmSync(guard, { force: true })
  }
}

function makeLock(file: string, own: Owner): Lock {
  return {
    setEndpoint(endpoint) {
      const temporary = `${file}.${own.pid}`
      writeFileSync(temporary, JSON.stringify({ ...own, endpoint }), { mode: 0o600 })
      renameSync(temporary, file)
    },
    release() {
      const owner = read(file)
      if (typeof owner === 'object' && owner.pid === own.pid && owner.start === own.start) rmSync(file, { force: true })
    },
  }
}

function age(file: string): number {
  try {
    return Date.now() - statSync(file).mtimeMs
  } catch {
    return 0
  }
}

function lockedElsewhere(owner: Owner, file: string): TagwrightError {
  return new TagwrightError(
    'project-locked',
    `The project is open on the computer "${owner.computer}" (process ${owner.pid}). Close it there; when it is open nowhere, delete ${file}.`,
    { computer: owner.computer, pid: owner.pid, file },
  )
}
