/** Full and read-only disks under folder mode, uploads and thumbnails: the message says so, and no edit is lost. */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StudioContracts } from '@shared/contract'
import type { Client } from '@shared/contract/rpc'
import { createStudio, type Studio } from '../../../src-main/host/studio'
import { renderImage } from '../../../src-main/media/render-image'
import { beginUpload, receiveFile } from '../../../src-main/media/upload-folder'
import { createPyramid } from '../../../src-main/media/pyramid'
import { canMount, mountSmallDisk, type SmallDisk } from '../../helpers/small-disk'
import { testPorts } from '../../helpers/test-ports'
import { until } from '../../helpers/until'

let root: string
let disk: SmallDisk | null
let studio: Studio
let api: Client<StudioContracts>
const at = (...path: string[]) => join(root, ...path)

describe.skipIf(!canMount)(`on a small disk${canMount ? '' : ' [needs root on Linux]'}`, () => {
  beforeEach(async (context) => {
    root = mkdtempSync(join(tmpdir(), 'tagwright-full-'))
    disk = mountSmallDisk(at('disk'))
    if (!disk) return context.skip('tmpfs cannot be mounted here')
    studio = createStudio(testPorts({ host: 'browser', folders: { config: null, projects: at('projects') } }))
    api = studio.client()
    mkdirSync(at('images'))
    await sharp({ create: { width: 600, height: 400, channels: 3, background: '#336699' } }).jpeg().toFile(at('images/a.jpg')) // prettier-ignore
  })
  afterEach(async () => {
    await studio?.close()
    disk?.unmount()
    rmSync(root, { recursive: true, force: true })
  })

  const draw = async (x: number) => {
    const [label] = (await api.labels.list()).labels
    const shape = { kind: 'box' as const, box: [x, 1, x + 5, 6] as [number, number, number, number] }
    await api.annotations.apply({ reason: 'Draw box', changes: [{ op: 'add', sample: 1, label: label.id, shape }] })
  }
  const problem = async () => {
    await until(async () => (await api.folders.status()).problems.length > 0)
    return (await api.folders.status()).problems[0]
  }

  it('keeps the drawn box when the save folder is full, and writes it when there is space', async () => {
    await api.folders.open({ path: at('images'), saveFolder: at('disk/out') })
    await api.labels.add({ labels: [{ name: 'ship' }] })
    disk!.fill()
    await draw(10)
    expect(await problem()).toMatchObject({ code: 'disk-full', file: at('disk/out/a.xml') })
    expect((await api.folders.status()).problems[0].message).toContain('Free some space')
    expect((await api.annotations.list({ sample: 1 })).annotations).toHaveLength(1)
    expect(readdirSync(at('disk/out'))).toEqual([])
    disk!.free()
    await draw(20)
    await until(async () => (await api.folders.status()).pending === 0)
    expect(await api.folders.status()).toMatchObject({ problems: [] })
    expect(readFileSync(at('disk/out/a.xml'), 'utf8').match(/<object>/g)).toHaveLength(2)
  })

  it('keeps the drawn box when the save folder is read-only, also over a restart', async () => {
    await api.folders.open({ path: at('images'), saveFolder: at('disk/out') })
    await api.labels.add({ labels: [{ name: 'ship' }] })
    disk!.readOnly(true)
    await draw(10)
    expect(await problem()).toMatchObject({ code: 'not-writable' })
    await studio.close()
    disk!.readOnly(false)
    studio = createStudio(testPorts({ host: 'browser', folders: { config: null, projects: at('projects') } }))
    api = studio.client()
    await api.folders.open({ path: at('images') })
    expect(readFileSync(at('disk/out/a.xml'), 'utf8')).toContain('<xmin>10</xmin>')
  })

  it('refuses a save folder that cannot be written before anything is opened', async () => {
    disk!.readOnly(true)
    await expect(api.folders.open({ path: at('images'), saveFolder: at('disk/out') })).rejects.toMatchObject({
      code: 'not-writable',
    })
    expect(studio.store()).toBeNull()
  })

  it('says so when an upload, a thumbnail or tiles have no space, and leaves no half file', async () => {
    mkdirSync(at('disk/project'))
    const upload = await beginUpload(at('disk/project'), 'x')
    disk!.fill()
    const pieces = async function* () {
      await Promise.resolve()
      for (let i = 0; i < 100; i++) yield Buffer.alloc(65536, 1)
    }
    await expect(receiveFile(at('disk/project'), upload, 'a.png', pieces())).rejects.toMatchObject({
      code: 'disk-full',
      message: 'The disk is full: a.png could not be kept. Free some space and upload it again.',
    })
    expect(readdirSync(at(`disk/project/images/.incoming-${upload}`))).toEqual([])
    mkdirSync(at('disk/thumbs'))
    const render = renderImage(at('images/a.jpg'), { width: 256, cacheFolder: at('disk/thumbs') })
    await expect(render).rejects.toMatchObject({ code: expect.stringMatching(/^(disk-full|unreadable-image)$/) })
    const pyramid = createPyramid({ file: at('images/a.jpg'), width: 600, height: 400, cacheFolder: at('disk/tiles'), name: 'a', onProgress() {} }) // prettier-ignore
    await pyramid.build()
    expect(pyramid.state).toMatchObject({ state: 'failed' })
    expect(pyramid.state.error).toContain('free space')
    disk!.free()
    expect(await renderImage(at('images/a.jpg'), { width: 256, cacheFolder: at('disk/thumbs') })).toMatchObject({ mime: 'image/webp' }) // prettier-ignore
  })

  it('says which image vanished while it was open, and keeps its annotations', async () => {
    await api.folders.open({ path: at('images') })
    await api.labels.add({ labels: [{ name: 'ship' }] })
    await draw(10)
    rmSync(at('images/a.jpg'))
    await expect(api.media.info({ sample: 1 })).rejects.toMatchObject({ code: 'not-found' })
    await until(async () => (await api.samples.get({ sample: 1 })).state === 'missing')
    await draw(20)
    await until(async () => (await api.folders.status()).pending === 0)
    expect((await api.annotations.list({ sample: 1 })).annotations).toHaveLength(2)
    expect(readFileSync(at('images/a.xml'), 'utf8').match(/<object>/g)).toHaveLength(2)
  })
})

it('is not fooled by an empty file in place of an annotation file', async () => {
  root = mkdtempSync(join(tmpdir(), 'tagwright-empty-'))
  studio = createStudio(testPorts({ host: 'browser', folders: { config: null, projects: at('projects') } }))
  api = studio.client()
  try {
    mkdirSync(at('images'))
    await sharp({ create: { width: 60, height: 40, channels: 3, background: '#336699' } }).jpeg().toFile(at('images/a.jpg')) // prettier-ignore
    writeFileSync(at('images/a.xml'), '')
    const { warnings, status } = await api.folders.open({ path: at('images') })
    expect(warnings).toHaveLength(1)
    expect(warnings[0].file).toBe(at('images/a.xml'))
    await api.labels.add({ labels: [{ name: 'ship' }] })
    const shape = { kind: 'box' as const, box: [1, 1, 5, 6] as [number, number, number, number] }
    await api.annotations.apply({ reason: 'Draw', changes: [{ op: 'add', sample: 1, label: 1, shape }] })
    await until(async () => (await api.folders.status()).conflicts.length === 1)
    expect(status.conflicts).toEqual([])
    expect(readFileSync(at('images/a.xml'), 'utf8')).toBe('')
  } finally {
    await studio.close()
    rmSync(root, { recursive: true, force: true })
  }
})
