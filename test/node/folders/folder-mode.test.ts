/** Folder mode against the studio: files beside images are read, followed and written. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs' // prettier-ignore
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '@shared/contract/rpc'
import type { StudioContracts } from '@shared/contract'
import type { FolderStatus } from '@shared/contract/folders'
import { createStudio, type Studio } from '../../../src-main/host/studio'
import { testPorts } from '../../helpers/test-ports'
import { until } from '../../helpers/until'

let root: string
let studio: Studio
let api: Client<StudioContracts>
const at = (...path: string[]) => join(root, ...path)
const put = (path: string, content: string | Buffer) => {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), content)
}
const text = (path: string) => readFileSync(at(path), 'utf8')
const start = () => {
  studio = createStudio(
    testPorts({
      host: 'browser',
      folders: { config: at('config'), projects: at('projects') },
      startsQueuedJobs: false,
    }),
  )
  api = studio.client()
}
const picture = async (path: string, width = 100, height = 80, orientation?: number) => {
  const image = sharp({ create: { width, height, channels: 3, background: '#336699' } })
  if (orientation) image.withMetadata({ orientation })
  put(path, await image.toFormat(path.endsWith('.png') ? 'png' : 'jpeg').toBuffer())
}
const xml = (objects: [name: string, box: number[]][], { width = 100, height = 80, verified = false } = {}) =>
  `<annotation${verified ? ' verified="yes"' : ''}><filename>x.jpg</filename><path>C:\\scans\\x.jpg</path><size><width>${width}</width><height>${height}</height><depth>3</depth></size>${objects
    .map(([name, [x1, y1, x2, y2]]) => `<object><name>${name}</name><pose>Left</pose><bndbox><xmin>${x1}</xmin><ymin>${y1}</ymin><xmax>${x2}</xmax><ymax>${y2}</ymax></bndbox></object>`)
    .join('')}</annotation>` // prettier-ignore
const open = (more: Partial<Parameters<typeof api.folders.open>[0]> = {}) =>
  api.folders.open({ path: at('images'), ...more })
const sampleOf = async (path: string) =>
  (await api.samples.list({ limit: 100 })).samples.find((sample) => sample.path === path)!.id
const labelOf = async (name: string) => (await api.labels.list()).labels.find((label) => label.name === name)!.id
const boxes = async (path: string) => {
  const labels = new Map((await api.labels.list()).labels.map(({ id, name }) => [id, name]))
  const { annotations } = await api.annotations.list({ sample: await sampleOf(path) })
  return annotations.map(({ label, shape }) => [labels.get(label), shape.kind === 'box' ? shape.box : shape.kind])
}
const draw = async (path: string, label: string, box: [number, number, number, number]) =>
  api.annotations.apply({
    reason: 'Draw box',
    changes: [{ op: 'add', sample: await sampleOf(path), label: await labelOf(label), shape: { kind: 'box', box } }],
  })
const settled = async () => until(async () => (await api.folders.status()).pending === 0)
const listing = (folder: string) => readdirSync(at(folder)).sort()

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tagwright-folder-'))
  start()
})
afterEach(async () => {
  await studio.close()
  rmSync(root, { recursive: true, force: true })
})

describe('opening', () => {
  it('reads files beside images, and writes nothing', async () => {
    await picture('images/a.jpg')
    await picture('images/sub/b 10.png')
    await picture('images/sub/b 9.png')
    put('images/a.xml', xml([['ship', [1, 2, 30, 40]]], { verified: true }))
    put('images/sub/b 9.xml', xml([['buoy', [5.5, 6, 7, 8.25]], ['ship', [1, 1, 2, 2]]])) // prettier-ignore
    put('images/broken.xml', 'not xml')
    const before = readdirSync(at('images'), { recursive: true }).map(String).sort()
    const opened = await open({ path: at('images/sub/b 9.png').replace('sub/b 9.png', 'a.jpg') })
    expect(opened.project.samples).toMatchObject({ total: 3, labelled: 2, reviewed: 1 })
    expect(opened.status).toMatchObject({ active: true, folder: at('images'), saveFolder: null, format: 'voc', pending: 0, conflicts: [], problems: [] }) // prettier-ignore
    expect(opened.sample).toBe(await sampleOf('a.jpg'))
    expect(await boxes('a.jpg')).toEqual([['ship', [1, 2, 30, 40]]])
    expect(await boxes('sub/b 9.png')).toEqual([
      ['buoy', [5.5, 6, 7, 8.25]],
      ['ship', [1, 1, 2, 2]],
    ])
    expect((await api.history.list({})).undo).toBeNull()
    expect(readdirSync(at('images'), { recursive: true }).map(String).sort()).toEqual(before)
  })

  it('keeps the order of a predefined class file, and of classes.txt', async () => {
    await picture('images/a.jpg')
    put('images/a.txt', '1 0.5 0.5 0.5 0.5\n')
    put('images/classes.txt', 'cat\ndog\n')
    put('list.txt', 'person\ndog\n')
    const { status } = await open({ classFile: at('list.txt') })
    expect(status.format).toBe('yolo')
    expect((await api.labels.list()).labels.map(({ name }) => name)).toEqual(['person', 'dog', 'cat'])
    expect(await boxes('a.jpg')).toEqual([['dog', [25, 20, 75, 60]]])
    await draw('a.jpg', 'person', [0, 0, 50, 40])
    await settled()
    // The file's own indices stay what they were; a class that it does not know comes at its end.
    expect(text('images/classes.txt')).toBe('cat\ndog\nperson\n')
    expect(text('images/a.txt')).toBe('1 0.5 0.5 0.5 0.5\n2 0.25 0.25 0.5 0.5\n')
  })

  it('turns boxes of files that speak of the stored pixels of a turned image', async () => {
    await picture('images/a.jpg', 100, 80, 6)
    put('images/a.xml', xml([['ship', [0, 0, 10, 20]]]))
    await open()
    expect(await boxes('a.jpg')).toEqual([['ship', [60, 0, 80, 10]]])
  })

  it('says what it cannot open', async () => {
    await expect(open()).rejects.toMatchObject({ code: 'not-found' })
    put('images/photo.CR2', 'raw')
    await expect(open()).rejects.toMatchObject({
      code: 'no-images',
      message: `${at('images')} holds 1 camera RAW files, which cannot be decoded here. Convert them to JPEG.`,
    })
    await picture('images/a.jpg')
    put('images/b.heic', Buffer.from('00000018667479706865696300000000', 'hex'))
    const { warnings, project } = await open()
    expect(project.samples.states).toEqual({ ok: 1, missing: 0, unreadable: 1 })
    expect(warnings.map(({ code, file }) => [code, file])).toEqual([
      ['cannot-decode', 'photo.CR2'],
      ['image-unreadable', 'b.heic'],
    ])
    expect(warnings[1].message).toContain('convert it to JPEG')
  })

  it('opens the same project again, and one in the folder when asked to', async () => {
    await picture('images/a.jpg')
    const first = await open()
    expect(first.project.folder.startsWith(at('projects', 'Folders', 'images-'))).toBe(true)
    await api.labels.add({ labels: [{ name: 'ship' }] })
    await draw('a.jpg', 'ship', [1, 2, 3, 4])
    await studio.close()
    start()
    await picture('images/new.jpg')
    const again = await open()
    expect(again.project.folder).toBe(first.project.folder)
    expect(again.project.samples.total).toBe(2)
    expect(await boxes('a.jpg')).toEqual([['ship', [1, 2, 3, 4]]])
    expect((await api.history.list({})).undo).not.toBeNull()
    await picture('other/a.jpg')
    const inside = await open({ path: at('other'), project: 'folder' })
    expect(inside.project.folder).toBe(at('other', '.tagwright'))
    expect(inside.project.samples.total).toBe(1)
  })
})

describe('writing', () => {
  beforeEach(async () => {
    await picture('images/a.jpg')
    await picture('images/b.jpg')
    put('images/b.xml', xml([['ship', [1, 2, 30, 40]]]))
  })

  it('follows every change and undo, and leaves other images alone', async () => {
    await open()
    const untouched = text('images/b.xml')
    await draw('a.jpg', 'ship', [10.5, 20, 30, 40])
    await settled()
    expect(text('images/a.xml')).toBe(
      '<annotation>\n\t<folder>images</folder>\n\t<filename>a.jpg</filename>\n\t<source>\n\t\t<database>Unknown</database>\n\t</source>\n\t<size>\n\t\t<width>100</width>\n\t\t<height>80</height>\n\t\t<depth>3</depth>\n\t</size>\n\t<segmented>0</segmented>\n\t<object>\n\t\t<name>ship</name>\n\t\t<pose>Unspecified</pose>\n\t\t<truncated>0</truncated>\n\t\t<difficult>0</difficult>\n\t\t<bndbox>\n\t\t\t<xmin>10.5</xmin>\n\t\t\t<ymin>20</ymin>\n\t\t\t<xmax>30</xmax>\n\t\t\t<ymax>40</ymax>\n\t\t</bndbox>\n\t</object>\n</annotation>\n',
    )
    await api.history.undo({})
    await settled()
    // The file was made here, so undo takes it back.
    expect(existsSync(at('images/a.xml'))).toBe(false)
    await api.history.redo({})
    await settled()
    expect(text('images/a.xml')).toContain('<xmin>10.5</xmin>')
    expect(text('images/b.xml')).toBe(untouched)
    expect(listing('images')).toEqual(['a.jpg', 'a.xml', 'b.jpg', 'b.xml'])
  })

  it('marks reviewed images, also empty ones, and keeps what it does not understand', async () => {
    await open()
    await api.samples.markReviewed({ samples: { ids: [await sampleOf('a.jpg'), await sampleOf('b.jpg')] } })
    await settled()
    expect(text('images/a.xml')).toMatch(/^<annotation verified="yes">/)
    expect(text('images/b.xml')).toContain('<pose>Left</pose>')
    expect(text('images/b.xml')).toContain('<filename>b.jpg</filename>\n\t<path>C:\\scans\\x.jpg</path>')
  })

  it('writes a renamed label into every file that holds it', async () => {
    await open()
    await api.labels.rename({ label: await labelOf('ship'), name: 'vessel' })
    await settled()
    expect(text('images/b.xml')).toContain('<name>vessel</name>')
    expect(existsSync(at('images/a.xml'))).toBe(false)
  })

  it('mirrors into a save folder in the chosen format, with the folders of the images', async () => {
    await picture('images/sub/a.png')
    await open({ saveFolder: at('out'), format: 'yolo' })
    await draw('sub/a.png', 'ship', [0, 0, 50, 40])
    await draw('a.jpg', 'ship', [50, 40, 100, 80])
    await settled()
    expect(text('out/sub/a.txt')).toBe('0 0.25 0.25 0.5 0.5\n')
    expect(text('out/a.txt')).toBe('0 0.75 0.75 0.5 0.5\n')
    expect(text('out/classes.txt')).toBe('ship\n')
    expect(text('out/sub/classes.txt')).toBe('ship\n')
    expect(listing('images')).toEqual(['a.jpg', 'b.jpg', 'b.xml', 'sub'])
  })

  it('keeps apart images that share a stem', async () => {
    await picture('images/a.png')
    await open()
    await draw('a.jpg', 'ship', [1, 1, 2, 2])
    await draw('a.png', 'ship', [3, 3, 4, 4])
    await settled()
    expect(text('images/a.xml')).toContain('<xmin>1</xmin>')
    expect(text('images/a.png.xml')).toContain('<xmin>3</xmin>')
    await studio.close()
    start()
    await open()
    expect(await boxes('a.png')).toEqual([['ship', [3, 3, 4, 4]]])
  })

  it('renames a class where it stands in classes.txt', async () => {
    put('images/classes.txt', 'cat\nship\n')
    await open({ format: 'yolo' })
    await draw('a.jpg', 'ship', [0, 0, 50, 40])
    await settled()
    await api.labels.rename({ label: await labelOf('ship'), name: 'vessel' })
    await settled()
    expect(text('images/classes.txt')).toBe('cat\nvessel\n')
    expect(text('images/a.txt')).toBe('1 0.25 0.25 0.5 0.5\n')
  })

  it('stops when classes.txt was put into another order, and goes on when it is put back', async () => {
    put('images/classes.txt', 'cat\nship\n')
    await open({ format: 'yolo' })
    await draw('a.jpg', 'ship', [0, 0, 50, 40])
    await settled()
    put('images/classes.txt', 'ship\ncat\n')
    await draw('a.jpg', 'cat', [0, 0, 100, 80])
    await until(async () => (await api.folders.status()).problems.some(({ code }) => code === 'classes-changed'))
    expect(text('images/a.txt')).toBe('1 0.25 0.25 0.5 0.5\n')
    expect(text('images/classes.txt')).toBe('ship\ncat\n')
    put('images/classes.txt', 'cat\nship\n')
    await api.folders.scan()
    expect(text('images/a.txt')).toBe('1 0.25 0.25 0.5 0.5\n0 0.5 0.5 1 1\n')
    expect(await api.folders.status()).toMatchObject({ problems: [], pending: 0 })
  })

  it('keeps edits that cannot be written, says why, and writes them when they can be', async () => {
    await open({ saveFolder: at('out') })
    // A folder in the place of the file: refused for every user, also one who may write everywhere.
    mkdirSync(at('out/a.xml/x'), { recursive: true })
    await draw('a.jpg', 'ship', [1, 2, 3, 4])
    await until(async () => (await api.folders.status()).problems.length > 0)
    const { problems, pending } = await api.folders.status()
    expect(pending).toBe(1)
    expect(problems[0].file).toBe(at('out/a.xml'))
    expect(await boxes('a.jpg')).toEqual([['ship', [1, 2, 3, 4]]])
    rmSync(at('out/a.xml'), { recursive: true })
    await api.folders.scan()
    expect(text('out/a.xml')).toContain('<xmin>1</xmin>')
    expect(await api.folders.status()).toMatchObject({ problems: [], pending: 0 })
  })

  it.skipIf(process.getuid?.() === 0)(
    'says that a read-only folder cannot be written (not as root, who may write everywhere)',
    async () => {
      await open()
      chmodSync(at('images'), 0o555)
      try {
        await draw('a.jpg', 'ship', [1, 2, 3, 4])
        await until(async () => (await api.folders.status()).problems.length > 0)
        expect((await api.folders.status()).problems[0].code).toBe('not-writable')
      } finally {
        chmodSync(at('images'), 0o755)
      }
      await api.folders.scan()
      expect(text('images/a.xml')).toContain('<xmin>1</xmin>')
    },
  )

  it('writes what a killed program left unwritten', async () => {
    await open({ saveFolder: at('out') })
    await api.folders.configure({ saves: false })
    await draw('a.jpg', 'ship', [1, 2, 3, 4])
    expect(await api.folders.status()).toMatchObject({ pending: 1 })
    await studio.close()
    start()
    await open()
    expect(existsSync(at('out/a.xml'))).toBe(false)
    await api.folders.configure({ saves: true })
    await settled()
    expect(text('out/a.xml')).toContain('<xmin>1</xmin>')
  })
})

describe('changes outside', () => {
  const touchLater = (path: string) => {
    const later = new Date(statSync(at(path)).mtimeMs + 5000)
    utimesSync(at(path), later, later)
  }
  beforeEach(async () => {
    await picture('images/a.jpg')
    put('images/a.xml', xml([['ship', [1, 2, 30, 40]], ['buoy', [50, 50, 60, 60]]])) // prettier-ignore
  })

  it('are taken over as one undo step, and keep what stayed the same', async () => {
    await open()
    const [ship] = (await api.annotations.list({ sample: await sampleOf('a.jpg') })).annotations
    const heard: FolderStatus[] = []
    api.folders.on('changed', (status) => heard.push(status))
    put('images/a.xml', xml([['ship', [1, 2, 30, 40]], ['crane', [5, 5, 9, 9]]])) // prettier-ignore
    await until(async () => (await boxes('a.jpg')).some(([name]) => name === 'crane'))
    expect(await boxes('a.jpg')).toEqual([
      ['ship', [1, 2, 30, 40]],
      ['crane', [5, 5, 9, 9]],
    ])
    expect((await api.annotations.list({ sample: await sampleOf('a.jpg') })).annotations[0].id).toBe(ship.id)
    const outside = text('images/a.xml')
    expect(await api.folders.status()).toMatchObject({ pending: 0, conflicts: [] })
    expect(text('images/a.xml')).toBe(outside)
    await api.history.undo({})
    await until(() => text('images/a.xml').includes('buoy'))
    expect(await boxes('a.jpg')).toContainEqual(['buoy', [50, 50, 60, 60]])
  })

  it('of new images and removed ones are noticed', async () => {
    await open()
    await picture('images/c.jpg')
    put('images/c.xml', xml([['ship', [3, 3, 4, 4]]]))
    await until(async () => (await api.project.info()).samples.total === 2)
    await api.folders.scan()
    expect(await boxes('c.jpg')).toEqual([['ship', [3, 3, 4, 4]]])
    rmSync(at('images/a.jpg'))
    await until(async () => (await api.project.info()).samples.states.missing === 1)
    expect(await boxes('a.jpg')).toHaveLength(2)
    await picture('images/a.jpg')
    await until(async () => (await api.project.info()).samples.states.missing === 0)
  })

  it('on both sides wait for a person', async () => {
    await open()
    await api.folders.configure({ saves: false })
    await draw('a.jpg', 'ship', [70, 70, 80, 80])
    put('images/a.xml', xml([['crane', [5, 5, 9, 9]]]))
    touchLater('images/a.xml')
    await api.folders.configure({ saves: true })
    await until(async () => (await api.folders.status()).conflicts.length === 1)
    const [conflict] = (await api.folders.status()).conflicts
    expect(conflict).toMatchObject({ path: 'a.jpg', file: at('images/a.xml') })
    expect(text('images/a.xml')).toContain('crane')
    expect(await boxes('a.jpg')).toHaveLength(3)
    await api.folders.resolve({ sample: conflict.sample, take: 'project' })
    expect(text('images/a.xml')).not.toContain('crane')
    expect(text('images/a.xml')).toContain('<xmin>70</xmin>')
    expect(await api.folders.status()).toMatchObject({ conflicts: [], pending: 0 })
    await expect(api.folders.resolve({ sample: conflict.sample, take: 'file' })).rejects.toMatchObject({
      code: 'not-found',
    })
  })

  it('on both sides: the file can be taken, too', async () => {
    await open()
    await api.folders.configure({ saves: false })
    await draw('a.jpg', 'ship', [70, 70, 80, 80])
    put('images/a.xml', xml([['crane', [5, 5, 9, 9]]]))
    touchLater('images/a.xml')
    await api.folders.scan()
    const [conflict] = (await api.folders.status()).conflicts
    await api.folders.resolve({ sample: conflict.sample, take: 'file' })
    expect(await boxes('a.jpg')).toEqual([['crane', [5, 5, 9, 9]]])
    await api.folders.configure({ saves: true })
    await settled()
    expect(text('images/a.xml')).toBe(xml([['crane', [5, 5, 9, 9]]]))
  })

  it('that damage a file are reported, and the file is not overwritten', async () => {
    await open()
    put('images/a.xml', '<annotation><object>')
    await until(async () => (await api.folders.status()).problems.length > 0)
    await draw('a.jpg', 'ship', [70, 70, 80, 80])
    await until(async () => (await api.folders.status()).conflicts.length > 0)
    expect(text('images/a.xml')).toBe('<annotation><object>')
    expect(await boxes('a.jpg')).toHaveLength(3)
  })

  it('that only touch a file change nothing', async () => {
    await open()
    const { revision } = await api.project.info()
    touchLater('images/a.xml')
    await api.folders.scan()
    expect((await api.project.info()).revision).toBe(revision)
  })
})
