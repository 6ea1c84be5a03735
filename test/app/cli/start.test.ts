/** `tagwright start` and `tagwright <image-or-folder>` without a display: the browser host, in the built program. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { WebSocket } from 'ws'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { contracts } from '@shared/contract'
import { client } from '@shared/contract/rpc'
import { websocketWire } from '@shared/contract/wires/websocket'
import { cliFile } from '../../helpers/run-cli'

let folder: string
let running: ChildProcess[] = []
const at = (name: string) => join(folder, name)

interface Started {
  url: string
  stderr: string
  child: ChildProcess
}

/** Resolves with the address it printed. */
function start(...words: string[]): Promise<Started> {
  const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...env } = process.env
  const child = spawn(process.execPath, [cliFile, ...words], {
    cwd: folder,
    env: { ...env, TAGWRIGHT_CONFIG: at('config'), TAGWRIGHT_PROJECTS: at('projects') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  return new Promise((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    child.stderr.on('data', (text) => (stderr += text))
    child.stdout.on('data', (text) => {
      stdout += text
      const url = /^http:\S+$/m.exec(stdout)?.[0]
      if (url) resolve({ url, stderr, child })
    })
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${stderr}`)))
  })
}

async function connect({ url }: Started) {
  const { origin, host, searchParams } = new URL(url)
  const authorization = `Bearer ${searchParams.get('token')}`
  const page = await fetch(origin, { headers: { authorization } })
  const socket = new WebSocket(`ws://${host}/rpc`, { headers: { authorization } })
  await new Promise((open, fail) => {
    socket.once('open', open)
    socket.once('error', fail)
  })
  return { api: client(contracts, websocketWire(socket)), page: await page.text(), socket }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-start-'))
  mkdirSync(at('photos'))
  for (const name of ['a.jpg', 'b.jpg']) {
    await sharp({ create: { width: 80, height: 60, channels: 3, background: '#336699' } })
      .jpeg()
      .toFile(join(at('photos'), name))
  }
  writeFileSync(at('classes.txt'), 'ship\nbuoy\n')
})
afterEach(async () => {
  const ends = running
    .filter(({ exitCode }) => exitCode === null)
    .map((child) => new Promise((end) => child.once('exit', end)))
  for (const child of running) child.kill('SIGTERM')
  await Promise.all(ends)
  running = []
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('start shows the window in the browser host, says why, and takes another port when its own is in use', async () => {
  const first = await start('start', '--port', '0')
  expect(first.stderr).toContain('There is no display')
  const { page, api, socket } = await connect(first)
  expect(page).toContain('<div id="app">')
  expect(await api.projects.current()).toEqual({ project: null })
  expect((await api.projects.suggestFolder({ name: 'Cells' })).folder).toBe(join(at('projects'), 'Cells'))
  socket.close()
  const { port } = new URL(first.url)
  const second = await start('start', '--no-open', '--port', port)
  expect(new URL(second.url).port).not.toBe(port)
  expect(second.stderr).toContain(`Port ${port} is in use`)
})

test('a project that another window has open: its address, and an end', async () => {
  const first = await start('start', '--no-open', '--port', '0')
  const { api, socket } = await connect(first)
  await api.projects.create({ folder: at('shared') })
  socket.close()
  const second = await start('start', 'shared', '--no-open', '--port', '0')
  expect(second.url).toBe(first.url)
  expect(second.child.exitCode ?? (await new Promise((end) => second.child.once('exit', end)))).toBe(0)
})

test('an image, a class file and a save folder, as LabelImg is started', async () => {
  const started = await start('photos/b.jpg', 'classes.txt', 'xml', '--no-open', '--port', '0')
  const { api, socket } = await connect(started)
  const status = await api.folders.status()
  expect(status).toMatchObject({ active: true, folder: at('photos'), saveFolder: at('xml') })
  expect((await api.labels.list()).labels.map(({ name }) => name)).toEqual(['ship', 'buoy'])
  const { samples } = await api.samples.list({})
  expect(samples.map(({ name }) => name).sort()).toEqual(['a.jpg', 'b.jpg'])
  const named = samples.find(({ name }) => name === 'b.jpg')!
  expect(new URL(started.url).hash).toBe(`#label?sample=${named.id}`)
  // Nothing was drawn, so nothing was written.
  expect(existsSync(join(at('photos'), 'b.xml'))).toBe(false)
  socket.close()
})

test('what is not there is named', async () => {
  await expect(start('start', 'gone')).rejects.toThrow(/There is no project, folder or image at .*gone/)
  await expect(start('photos', 'gone.txt', '--no-open')).rejects.toThrow(/There is no class file at .*gone\.txt/)
  await expect(start('gone')).rejects.toThrow(/unknown command/)
})
