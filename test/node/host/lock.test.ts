import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { acquireLock, type Lock } from '../../../src-main/host/lock'
import { processStart } from '../../../src-main/host/process-start'
import { bundle } from '../../helpers/bundle'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = () => join(folder, 'core.lock')
const endpoint = { url: 'ws://127.0.0.1:1/rpc', token: 'secret' }
const take = async (timeout?: number): Promise<Lock> => {
  const result = await acquireLock(folder, timeout)
  if (!('lock' in result)) throw new Error('The lock is taken.')
  return result.lock
}
const foreign = (change: object) =>
  writeFileSync(
    file(),
    JSON.stringify({ pid: process.pid, start: processStart(process.pid), computer: hostname(), endpoint, ...change }),
  )

async function deadProcess(): Promise<{ pid: number; start: string }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const start = processStart(child.pid!)!
  child.kill('SIGKILL')
  await once(child, 'exit')
  return { pid: child.pid!, start }
}

describe('process start', () => {
  test('is stable for one process, different for another, null for one that has ended', async () => {
    expect(processStart(process.pid)).toBe(processStart(process.pid))
    expect(processStart(process.pid)).not.toBe('unknown')
    const { pid, start } = await deadProcess()
    expect(start).not.toBe(processStart(process.pid))
    expect(processStart(pid)).toBeNull()
  })
})

describe('lock', () => {
  test('is taken once and free after its release', async () => {
    const lock = await take()
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    lock.setEndpoint(endpoint)
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(await acquireLock(folder)).toMatchObject({ owner: { pid: process.pid, endpoint } })
    lock.release()
    expect(existsSync(file())).toBe(false)
    ;(await take()).release()
  })

  test('waits for the endpoint of an owner that is starting', async () => {
    const lock = await take()
    setTimeout(() => lock.setEndpoint(endpoint), 120)
    expect(await acquireLock(folder)).toMatchObject({ owner: { endpoint } })
  })

  test('says who opens the project when it takes too long', async () => {
    await take()
    await expect(acquireLock(folder, 100)).rejects.toMatchObject({
      code: 'project-busy',
      message: expect.stringContaining(`process ${process.pid}`),
    })
  })

  test('of a process that has ended is stale', async () => {
    foreign(await deadProcess())
    ;(await take()).release()
  })

  test('of an earlier process with the same id is stale', async () => {
    foreign({ start: 'another-boot/12345' })
    ;(await take()).release()
  })

  test('of another computer is respected, with the way out', async () => {
    foreign({ computer: 'elsewhere' })
    await expect(acquireLock(folder)).rejects.toMatchObject({
      code: 'project-locked',
      message: expect.stringContaining(`delete ${file()}`),
    })
    expect(existsSync(file())).toBe(true)
  })

  test('that a crash left empty is taken over, one just being written is not', async () => {
    writeFileSync(file(), '')
    await expect(acquireLock(folder, 100)).rejects.toMatchObject({ code: 'project-busy' })
    utimesSync(file(), new Date(Date.now() - 10_000), new Date(Date.now() - 10_000))
    ;(await take()).release()
  })

  test('is not removed by a former owner', async () => {
    const lock = await take()
    foreign({ pid: process.ppid, start: processStart(process.ppid) })
    lock.release()
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toMatchObject({ pid: process.ppid })
  })

  test('goes to exactly one of many processes that find a stale one', async () => {
    foreign(await deadProcess())
    const program = await bundle(resolve(import.meta.dirname, '../../helpers/lock-process.ts'))
    const children = Array.from({ length: 6 }, () => fork(program, [folder], { execArgv: [] }))
    const answers = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0] as string))
    for (const child of children) child.kill('SIGKILL')
    expect(answers.filter((answer) => answer === 'owner')).toHaveLength(1)
    expect(answers.filter((answer) => answer.startsWith('attached'))).toHaveLength(5)
    expect(new Set(answers).size).toBe(2)
  })
})
