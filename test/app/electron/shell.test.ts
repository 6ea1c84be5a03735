/** The Electron shell against a stand-in `electron` module, with the built core and worker in processes of their own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { contracts, type StudioContracts } from '@shared/contract'
import { client, type Client } from '@shared/contract/rpc'
import { messagePortWire } from '@shared/contract/wires/message-port'
import type { MenuModel } from '@shared/contract/shell'
import * as electron from '../../helpers/electron-standin'

vi.mock('electron', () => import('../../helpers/electron-standin'))

const out = resolve(import.meta.dirname, '../../../out')
let folder: string
let window: electron.BrowserWindow
let api: Client<StudioContracts>
const at = (name: string) => join(folder, name)

/** A message of the window's preload script. */
const send = (channel: string, value?: unknown, from = window) =>
  electron.ipcMain.emit(channel, { sender: from.webContents, senderFrame: from.webContents.mainFrame }, value)
const ask = (channel: string, value: unknown) =>
  electron.ipcMain.handlers.get(channel)!(
    { sender: window.webContents, senderFrame: window.webContents.mainFrame },
    value,
  )
/** As client/dial.ts does: a port to the core. */
async function connect(of: electron.BrowserWindow): Promise<Client<StudioContracts>> {
  const arrived = once(of.webContents, 'sent:port')
  send('port', undefined, of)
  await arrived
  return client(contracts, messagePortWire(of.webContents.sent.at(-1)!.ports[0]))
}
const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  electron.protocols.get('app')!(new Request(`app://tagwright${path}`, { headers, method }))

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-shell-'))
  // The stand-in runs processes as threads; a Vulkan device opened in a thread can block that thread's end for ever.
  process.env.VK_DRIVER_FILES = at('no-driver.json')
  process.env.TAGWRIGHT_CONFIG = at('config')
  process.env.TAGWRIGHT_PROJECTS = at('projects')
  mkdirSync(at('images'))
  await sharp({ create: { width: 60, height: 40, channels: 3, background: '#336699' } })
    .png()
    .toFile(join(at('images'), 'a.png'))
  const { startShell } = await import('../../../src-main/host/shell/shell')
  await startShell({
    files: {
      core: join(out, 'main/core.js'),
      worker: join(out, 'main/worker.js'),
      preload: join(out, 'preload/preload.cjs'),
      ui: join(out, 'renderer'),
    },
    config: at('config'),
    argv: ['electron', 'app', at('images')],
  })
  window = electron.BrowserWindow.all[0]
  api = await connect(window)
})
afterAll(async () => {
  for (const started of electron.processes) await started.worker.terminate()
  rmSync(folder, { recursive: true, force: true })
})

describe('the window', () => {
  test('is isolated and sandboxed, and its preload script is there', () => {
    expect(window.options.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
    })
    const { preload } = window.options.webPreferences as { preload: string }
    // A sandboxed window loads CommonJS, and no module but electron.
    const source = readFileSync(preload, 'utf8')
    expect([...source.matchAll(/require\(["'](.+?)["']\)/g)].map((match) => match[1])).toEqual(['electron'])
    expect(window.webContents.getURL()).toBe('app://tagwright/index.html')
    expect(electron.schemes).toEqual([
      { scheme: 'app', privileges: expect.objectContaining({ standard: true, secure: true, stream: true }) },
    ])
  })

  test('does not leave its own pages; links open in the system browser', () => {
    const navigate = (url: string) => {
      const event = { preventDefault: vi.fn() }
      window.webContents.emit('will-navigate', event, url)
      return event.preventDefault.mock.calls.length > 0
    }
    expect(navigate('app://tagwright/index.html#label')).toBe(false)
    expect(navigate('https://example.org/')).toBe(true)
    expect(navigate('app://tagwright.evil/')).toBe(true)
    expect(navigate('file:///etc/passwd')).toBe(true)
    expect(window.webContents.openHandler!({ url: 'https://example.org/' })).toEqual({ action: 'deny' })
    expect(window.webContents.openHandler!({ url: 'file:///etc/passwd' })).toEqual({ action: 'deny' })
    expect(electron.opened).toEqual(['https://example.org/'])
  })

  test('gets the clipboard, the camera after a question, and nothing else', async () => {
    const request = (permission: string, details: object = {}, contents = window.webContents) =>
      new Promise<boolean>((answer) => electron.permissions.ask!(contents, permission, answer, details))
    expect(await request('clipboard-read')).toBe(true)
    expect(await request('notifications'), 'the end of a run').toBe(true)
    for (const name of ['geolocation', 'midi', 'fullscreen', 'openExternal']) {
      expect(await request(name), name).toBe(false)
    }
    expect(await request('media', { mediaTypes: ['audio', 'video'] })).toBe(false)
    electron.answers.response = 1
    expect(await request('media', { mediaTypes: ['video'] })).toBe(false)
    expect(electron.permissions.check!(null, 'media', 'app://tagwright/', { mediaType: 'video' })).toBe(false)
    electron.answers.response = 0
    expect(await request('media', { mediaTypes: ['video'] })).toBe(true)
    expect(electron.permissions.check!(null, 'media', 'app://tagwright/', { mediaType: 'video' })).toBe(true)
    expect(electron.permissions.check!(null, 'clipboard-read', 'https://evil.example', {})).toBe(false)
    const foreign = new electron.WebContents()
    foreign.mainFrame.url = 'https://evil.example/'
    expect(await request('clipboard-read', {}, foreign)).toBe(false)
  })

  test('hears what to open when it is ready for it: at the start, from a second start, from the system', async () => {
    const heard = () => window.webContents.sent.filter(({ channel }) => channel === 'open').map(({ value }) => value)
    expect(heard()).toEqual([])
    send('ready')
    expect(heard()).toEqual([[at('images')]])
    electron.app.emit('second-instance', {}, ['electron', 'app', '--flag', 'images', 'no-such-file'], folder)
    expect(heard().at(-1)).toEqual([at('images')])
    const event = { preventDefault: vi.fn() }
    electron.app.emit('open-file', event, at('p/project.tagwright'))
    expect(heard().at(-1)).toEqual([at('p/project.tagwright')])
    expect(event.preventDefault).toHaveBeenCalled()
  })

  test('picks files with native dialogs; a foreign frame gets nothing', async () => {
    electron.answers.filePaths = ['/a', '/b']
    expect(await ask('pick', { kind: 'files', title: 'Images' })).toEqual(['/a', '/b'])
    expect(electron.asked.at(-1)).toMatchObject({ title: 'Images', properties: ['openFile', 'multiSelections'] })
    expect(await ask('pick', { kind: 'save', path: '/x.onnx' })).toEqual(['/a'])
    electron.answers.filePaths = []
    expect(await ask('pick', { kind: 'folder' })).toEqual([])
    await expect(ask('pick', { kind: 'everything' })).rejects.toThrow()
    const frame = { sender: window.webContents, senderFrame: { url: 'https://evil.example/' } }
    electron.answers.filePaths = ['/secret']
    expect(await electron.ipcMain.handlers.get('pick')!(frame, { kind: 'file' })).toEqual([])
    electron.answers.filePaths = []
  })
})

describe('the menu', () => {
  const model: MenuModel = {
    menus: [
      { id: 'file', title: 'File' },
      { id: 'edit', title: 'Cut & paste' },
      { id: 'empty', title: 'Empty' },
    ],
    entries: [
      { id: 'edit.undo', title: 'Undo', menu: 'edit', group: 'history', keys: '$mod+z', enabled: false },
      { id: 'edit.copy', title: 'Copy', menu: 'edit', group: 'clipboard', keys: '$mod+c' },
      { id: 'view.grid', title: 'Grid', menu: 'file', group: 'view', checked: true },
    ],
  }
  test('is built from the actions and sends choices back', () => {
    send('menu', model)
    const [file, edit] = electron.menus.at(-1)!
    expect(electron.menus.at(-1)!.map(({ label }) => label)).toEqual(['File', 'Cut && paste', 'Developer'])
    expect(file.submenu).toMatchObject([{ label: 'Grid', type: 'checkbox', checked: true }])
    expect(edit.submenu).toMatchObject([
      { label: 'Undo', enabled: false, accelerator: 'CommandOrControl+Z', registerAccelerator: false },
      { type: 'separator' },
      { label: 'Copy' },
    ])
    const copy = edit.submenu![2]
    copy.click!(null, null, { triggeredByAccelerator: false })
    expect(window.webContents.sent.at(-1)).toMatchObject({ channel: 'menu', value: 'edit.copy' })
    // The window did not take the key: the person is in a text field.
    copy.click!(null, null, { triggeredByAccelerator: true })
    expect(window.webContents.sent.at(-1)).toMatchObject({ channel: 'role:copy' })
    const before = electron.menus.length
    send('menu', { menus: 'all', entries: [] })
    expect(electron.menus).toHaveLength(before)
  })

  test.each([
    ['$mod+Shift+z', 'CommandOrControl+Shift+Z'],
    ['w', 'W'],
    ['ArrowLeft', 'Left'],
    ['$mod++', 'CommandOrControl+Plus'],
    ['$mod+Digit1', 'CommandOrControl+1'],
    ['F2', 'F2'],
    ['?', '?'],
    ['g i', null],
    ['Hyper+x', null],
  ])('%s is shown as %s', async (keys, accelerator) => {
    const { toAccelerator } = await import('../../../src-main/host/shell/menu')
    expect(toAccelerator(keys)).toBe(accelerator)
  })
})

describe('the core', () => {
  test('answers each window over a port of its own, and both follow one project', async () => {
    expect(await api.system.capabilities()).toMatchObject({
      host: 'electron',
      nativeDialogs: true,
      revealInFolder: true,
    })
    send('new-window')
    const second = electron.BrowserWindow.all[1]
    const other = await connect(second)
    const switched = new Promise((heard) => other.projects.on('switched', heard))
    // Two ports keep no order between them: an answer on this one says that it listens.
    await other.system.capabilities()
    await api.projects.create({ folder: at('project'), name: 'Both' })
    expect(await switched).toEqual({ folder: at('project') })
    expect(await other.project.info()).toMatchObject({ name: 'Both' })
    const { job } = await api.datasets.import({ paths: [at('images')], format: 'images' })
    expect(await api.jobs.wait({ job })).toMatchObject({ status: 'done' })
    await api.files.reveal({ path: at('images') })
    await vi.waitFor(() => expect(electron.opened.at(-1)).toBe(at('images')), { timeout: 30_000 })
    second.close()
  })

  test('app:// serves the window from disk and images by way of the core, with ranges and the policy', async () => {
    const page = await get('/index.html')
    expect(page.status).toBe(200)
    const html = await page.text()
    expect(html).toContain('<div id="app">')
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self';")
    const script = /src="\.(\/assets\/[^"]+\.js)"/.exec(html)![1]
    const code = await get(script)
    expect([code.status, code.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8'])
    await code.text()

    const whole = await get('/media/1')
    const bytes = Buffer.from(await whole.arrayBuffer())
    expect(whole.headers.get('content-type')).toBe('image/png')
    expect(bytes.equals(readFileSync(join(at('images'), 'a.png')))).toBe(true)
    const part = await get('/media/1', { range: 'bytes=1-3' })
    expect([part.status, await part.text()]).toEqual([206, 'PNG'])
    expect((await get('/media/1', { 'if-none-match': whole.headers.get('etag')! })).status).toBe(304)
    expect((await get('/media/1?w=32')).headers.get('content-type')).toBe('image/webp')
    for (const path of ['/media/99', '/nothing', '/%2e%2e/package.json', '/..%2fmain%2fcore.js']) {
      const answer = await get(path)
      expect([answer.status, answer.headers.get('x-tagwright-file')], path).toEqual([404, null])
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    }
    const foreign = await electron.protocols.get('app')!(new Request('app://other/index.html'))
    expect(foreign.status).toBe(403)
  })

  test('has its workers forked by the main process', async () => {
    const { versions, providers } = await api.system.doctor()
    const worker = electron.processes.find(({ file }) => file.endsWith('worker.js'))
    expect(worker).toBeDefined()
    expect(versions.onnxruntime).toMatch(/^\d+\./)
    expect(providers.find(({ id }) => id === 'cpu')).toMatchObject({ available: true })
  })

  test('when it dies a dialog offers to restart, and the project is open again', async () => {
    const core = electron.processes.find(({ file }) => file.endsWith('core.js'))!
    electron.answers.response = 0
    const before = electron.asked.length
    // Its thread ends, but not the process that its lock names; of a process that has ended the start time differs.
    const lock = join(at('project'), 'core.lock')
    writeFileSync(lock, JSON.stringify({ ...JSON.parse(readFileSync(lock, 'utf8')), start: 'ended' }))
    await core.worker.terminate()
    await vi.waitFor(() => expect(electron.asked.length).toBeGreaterThan(before), { timeout: 30_000 })
    expect(electron.asked.at(-1)).toMatchObject({ type: 'error', buttons: ['Restart', 'Quit'] })
    await expect(api.project.info()).rejects.toMatchObject({ code: 'disconnected' })
    api = await connect(window)
    await vi.waitFor(async () => expect(await api.projects.current()).toMatchObject({ project: { name: 'Both' } }), {
      timeout: 30_000,
    })
  })
})

describe('the end', () => {
  test('asks while jobs run, then closes the project and keeps where the window stood', async () => {
    const { job } = await api.projects.openSample({ folder: at('sample'), images: 3000, force: true })
    expect(job).not.toBeNull()
    electron.answers.response = 1
    const before = electron.asked.length
    electron.app.quit()
    await vi.waitFor(() => expect(electron.asked.length).toBeGreaterThan(before), { timeout: 30_000 })
    expect(electron.asked.at(-1)).toMatchObject({
      message: 'A job is still running.',
      buttons: ['Quit', 'Keep running'],
    })
    expect(electron.app.ended).toBeNull()
    expect(await api.jobs.get({ job: job! })).toMatchObject({ status: 'running' })

    electron.answers.response = 0
    const ended = once(electron.app, 'ended')
    window.close()
    await ended
    expect(electron.app.ended).toBe('quit')
    expect(JSON.parse(readFileSync(join(at('config'), 'window.json'), 'utf8'))).toEqual({
      x: 10,
      y: 20,
      width: 1200,
      height: 800,
      maximized: true,
      fullScreen: false,
    })
  })

  test.each([
    [null, { width: 1440, height: 900 }],
    [
      { x: 100, y: 50, width: 1200, height: 800 },
      { x: 100, y: 50, width: 1200, height: 800 },
    ],
    // The monitor on the right has gone.
    [
      { x: 3000, y: 50, width: 1200, height: 800 },
      { width: 1200, height: 800 },
    ],
    [
      { x: 0, y: -500, width: 10, height: 10 },
      { width: 960, height: 600 },
    ],
  ])('a window kept as %o opens as %o', async (kept, expected) => {
    const { fitWindow } = await import('../../../src-main/host/shell/window-state')
    const state = kept && { ...kept, maximized: false, fullScreen: false }
    expect(fitWindow(state, [{ x: 0, y: 0, width: 1920, height: 1040 }])).toEqual(expected)
  })
})
