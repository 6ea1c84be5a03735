/** Projects of one host: opened, closed and exchanged over the contract, with two windows looking on. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StudioContracts } from '@shared/contract'
import type { Client } from '@shared/contract/rpc'
import { createStudio, type Studio } from '../../../src-main/host/studio'
import { folderName } from '../../../src-main/services/projects'
import { userFolders } from '../../../src-main/store/user-folders'
import { testPorts } from '../../helpers/test-ports'

let folder: string
let studio: Studio
let api: Client<StudioContracts>
const at = (name: string) => join(folder, name)
const code = (value: string) => expect.objectContaining({ code: value })
const start = () => {
  studio = createStudio(testPorts({ host: 'browser', folders: { config: at('config'), projects: at('projects') } }))
  api = studio.client()
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-projects-'))
  start()
})
afterEach(async () => {
  await studio.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('projects', () => {
  test('one is exchanged for another; every window hears of it, and the first is free for others', async () => {
    const other = studio.client()
    const switched: (string | null)[] = []
    other.projects.on('switched', (event) => switched.push(event.folder))
    expect(await api.projects.current()).toEqual({ project: null })
    await api.projects.create({ folder: at('a'), name: 'First' })
    await api.projects.create({ folder: at('b') })
    expect(await other.projects.current()).toMatchObject({ project: { folder: at('b'), name: 'b' } })
    expect(existsSync(join(at('a'), 'core.lock'))).toBe(false)
    expect(existsSync(join(at('b'), 'core.lock'))).toBe(true)

    // By its file, as the system passes it.
    expect(await api.projects.open({ folder: join(at('a'), 'project.tagwright') })).toMatchObject({ name: 'First' })
    expect(await api.projects.open({ folder: at('a') })).toMatchObject({ name: 'First' })
    await api.projects.close()
    await api.projects.close()
    expect(await other.system.capabilities()).toMatchObject({ project: null })
    await expect(other.samples.list()).rejects.toEqual(code('no-project'))
    expect(switched).toEqual([at('a'), at('b'), at('a'), null])
  })

  test('what cannot be opened leaves the first project open', async () => {
    await api.projects.create({ folder: at('a') })
    mkdirSync(at('broken'))
    writeFileSync(join(at('broken'), 'project.tagwright'), 'this is no database'.repeat(1000))
    await expect(api.projects.open({ folder: at('nothing') })).rejects.toEqual(code('not-found'))
    await expect(api.projects.open({ folder: at('broken') })).rejects.toThrow()
    await expect(api.projects.create({ folder: at('a') })).rejects.toEqual(code('project-exists'))
    expect(existsSync(join(at('broken'), 'core.lock'))).toBe(false)
    expect(await api.projects.current()).toMatchObject({ project: { folder: at('a') } })
    await api.project.rename({ name: 'still writable' })
  })

  test('a project of another process is refused with the address of its window', async () => {
    const owner = createStudio(testPorts())
    try {
      await owner.init(at('owned'), {})
      const lock = JSON.parse(readFileSync(join(at('owned'), 'core.lock'), 'utf8'))
      // In this test both are one process; the lock of a foreign one carries its parent's id and start.
      writeFileSync(join(at('owned'), 'core.lock'), JSON.stringify({ ...lock, pid: process.ppid, start: 'unknown' }))
      const { url } = await owner.listen()
      await expect(api.projects.open({ folder: at('owned') })).rejects.toEqual(
        expect.objectContaining({ code: 'project-owned', details: expect.objectContaining({ url }) }),
      )
    } finally {
      await owner.close()
    }
  })

  test('running jobs are told of, and interrupted only when asked to', async () => {
    const { job } = await api.projects.openSample({ folder: at('sample'), images: 5000 })
    await new Promise<void>((begun) => api.jobs.on('progress', () => begun()))
    await expect(api.projects.create({ folder: at('a') })).rejects.toEqual(
      expect.objectContaining({ code: 'jobs-running', details: { jobs: [{ id: job, kind: 'sample', run: null }] } }),
    )
    await expect(api.projects.close()).rejects.toEqual(code('jobs-running'))
    expect(await api.projects.current()).toMatchObject({ project: { folder: at('sample') } })
    expect(existsSync(join(at('a'), 'project.tagwright'))).toBe(false)
    const waiting = api.jobs.wait({ job: job! })
    await api.projects.create({ folder: at('a'), force: true })
    expect(await waiting).toMatchObject({ status: 'interrupted' })
    expect(await api.jobs.list()).toEqual({ jobs: [] })
    // The interrupted sample is filled when it is opened again.
    const again = await api.projects.openSample({ folder: at('sample'), images: 10 })
    expect(await api.jobs.wait({ job: again.job! })).toMatchObject({ status: 'done' })
    expect(await api.project.info()).toMatchObject({ name: 'Harbour', samples: { total: 10 } })
    expect((await api.project.info()).annotations.total).toBeGreaterThan(10)
    expect(await api.projects.openSample({ folder: at('sample') })).toMatchObject({ job: null })
  })

  test('recent projects outlive the host: newest first, renamed, missing and forgotten ones told apart', async () => {
    await api.projects.create({ folder: at('a') })
    await api.projects.create({ folder: at('b') })
    await api.projects.open({ folder: at('a') })
    await api.project.rename({ name: 'New name' })
    expect((await api.projects.recents()).recents.map(({ name }) => name)).toEqual(['New name', 'b'])
    await studio.close()
    rmSync(at('b'), { recursive: true })
    start()
    const { recents } = await api.projects.recents()
    expect(recents.map(({ folder: path, exists }) => [path, exists])).toEqual([
      [at('a'), true],
      [at('b'), false],
    ])
    await api.projects.forget({ folder: at('b') })
    expect((await api.projects.recents()).recents.map((recent) => recent.folder)).toEqual([at('a')])
    writeFileSync(join(at('config'), 'recent-projects.json'), '{"recents": [7]}')
    expect(await api.projects.recents()).toEqual({ recents: [] })
    expect(readFileSync(join(at('config'), 'recent-projects.json.damaged'), 'utf8')).toContain('7')
  })

  test('the command line leaves no trace in the list', async () => {
    const cli = createStudio(testPorts({ host: 'cli', folders: { config: at('config'), projects: at('projects') } }))
    await cli.init(at('c'), {})
    await cli.close()
    expect(existsSync(at('config'))).toBe(false)
  })

  test('proposes folders that are free and that every system accepts', async () => {
    const suggest = async (name: string) => (await api.projects.suggestFolder({ name })).folder
    expect(await suggest('Cells')).toBe(join(at('projects'), 'Cells'))
    mkdirSync(join(at('projects'), 'Cells'), { recursive: true })
    expect(await suggest('Cells')).toBe(join(at('projects'), 'Cells 2'))
    expect(folderName(' ../a:b?<c> ')).toBe('-a-b-c-')
    expect(folderName('港口')).toBe('港口')
    expect([folderName(''), folderName('...'), folderName('con')]).toEqual(['Project', 'Project', '-con'])
  })
})

describe('settings', () => {
  test('are kept for all windows and the next start; null takes one away', async () => {
    const heard: unknown[] = []
    studio.client().settings.on('changed', ({ values }) => heard.push(values))
    await api.settings.set({ values: { theme: 'dark', keymap: { 'edit.undo': ['$mod+z'] } } })
    await api.settings.set({ values: { theme: null } })
    await studio.close()
    start()
    expect(await api.settings.get()).toEqual({ values: { keymap: { 'edit.undo': ['$mod+z'] } } })
    expect(heard).toEqual([{ theme: 'dark', keymap: { 'edit.undo': ['$mod+z'] } }, { theme: null }])
    await expect(api.settings.set({ values: { big: 'x'.repeat(300_000) } })).rejects.toEqual(code('settings-too-large'))
    expect(await api.settings.get()).toMatchObject({ values: { keymap: {} } })
  })
})

describe('files', () => {
  test('lists folders before files in natural order, with their kinds and counts', async () => {
    for (const name of ['b/in', 'a', '.secret']) mkdirSync(at(name), { recursive: true })
    await api.projects.create({ folder: at('p') })
    for (const name of ['i10.jpg', 'i2.JPG', 'gt.json', 'm.onnx', 'x.zip', 'notes', '.hidden.png']) {
      writeFileSync(at(name), name)
    }
    for (const name of ['b/1.png', 'b/in/2.webp', '.secret/3.png']) writeFileSync(at(name), '')
    const list = await api.files.list({ path: folder })
    expect(list.entries.map(({ name, kind }) => [name, kind])).toEqual([
      ['a', 'folder'],
      ['b', 'folder'],
      ['config', 'folder'],
      ['p', 'project'],
      ['gt.json', 'annotations'],
      ['i2.JPG', 'image'],
      ['i10.jpg', 'image'],
      ['m.onnx', 'model'],
      ['notes', 'file'],
      ['x.zip', 'archive'],
    ])
    expect(list).toMatchObject({ counts: { folders: 4, images: 2, files: 6 }, writable: true, isProject: false })
    expect(list.entries.find(({ name }) => name === 'i10.jpg')).toMatchObject({ size: 7, path: at('i10.jpg') })
    expect(list.trail.at(-1)).toEqual({ name: list.name, path: folder })
    expect((await api.files.list({ path: folder, hidden: true })).counts).toEqual({ folders: 5, images: 3, files: 7 })
    expect((await api.files.list({ path: folder, limit: 3 })).entries).toHaveLength(3)
    // A file stands for its folder.
    expect((await api.files.list({ path: at('notes') })).path).toBe(folder)
    expect((await api.files.list({ path: at('p') })).isProject).toBe(true)
    expect(await api.files.countImages({ path: at('b') })).toEqual({ images: 2, folders: 2, complete: true })
    await expect(api.files.list({ path: at('gone') })).rejects.toEqual(code('not-found'))
    const { places } = await api.files.places()
    expect(places.map(({ kind }) => kind)).toContain('home')
    for (const { path } of places) expect(existsSync(path), path).toBe(true)
  })

  test('makes folders, with names that stay inside', async () => {
    expect(await api.files.createFolder({ parent: folder, name: 'Neuer Ordner' })).toEqual({ path: at('Neuer Ordner') })
    await expect(api.files.createFolder({ parent: folder, name: 'Neuer Ordner' })).rejects.toEqual(code('exists'))
    for (const name of ['..', 'a/b', 'a\\b', '.', 'a\0b']) {
      await expect(api.files.createFolder({ parent: folder, name })).rejects.toEqual(code('bad-name'))
    }
    await expect(api.files.createFolder({ parent: at('gone'), name: 'a' })).rejects.toEqual(code('not-found'))
  })

  test('a host without a desktop says that it cannot show files', async () => {
    await expect(api.files.reveal({ path: folder })).rejects.toEqual(code('not-available'))
    expect(await api.system.capabilities()).toMatchObject({ revealInFolder: false, nativeDialogs: false })
  })
})

describe('the folders of the person', () => {
  test.each([
    ['linux', {}, '/home/u/.config/tagwright'],
    ['linux', { XDG_CONFIG_HOME: '/x' }, '/x/tagwright'],
    ['darwin', {}, '/home/u/Library/Application Support/Tagwright'],
    ['linux', { TAGWRIGHT_CONFIG: '/own' }, '/own'],
  ] as const)('on %s with %o: %s', (platform, env, config) => {
    expect(userFolders(env, platform, '/home/u')).toEqual({ config, projects: '/home/u/Tagwright' })
  })
})
