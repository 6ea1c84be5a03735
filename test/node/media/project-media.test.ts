/** Images over HTTP, background work on files, relinking and uploads, against the studio. */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, utimesSync } from 'node:fs' // prettier-ignore
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ZipFile } from 'yazl'
import type { StudioContracts } from '@shared/contract'
import type { Client } from '@shared/contract/rpc'
import type { ImageInfo, RelinkReport } from '@shared/contract/media'
import type { ImportReport } from '@shared/contract/datasets'
import type { Listener } from '../../../src-main/host/listen'
import { createStudio, type Studio } from '../../../src-main/host/studio'
import { writeLargeTiff } from '../../bench/write-large-tiff'
import { testPorts } from '../../helpers/test-ports'
import { until } from '../../helpers/until'

let root: string
let studio: Studio
let api: Client<StudioContracts>
let listener: Listener
const at = (...path: string[]) => join(root, ...path)
const start = async (host: 'browser' | 'cli' = 'cli') => {
  studio = createStudio(testPorts({ host, folders: { config: null, projects: at('projects') } }))
  api = studio.client()
  listener = await studio.listen()
}
const picture = async (path: string, color = '#336699', options: { orientation?: number; alpha?: boolean } = {}) => {
  mkdirSync(dirname(at(path)), { recursive: true })
  // A slope, so that the picture has a difference hash of its own.
  const data = Buffer.alloc(60 * 40 * 3)
  const base = parseInt(color.slice(1), 16)
  for (let i = 0; i < 2400; i++)
    data.writeUIntBE((base + (i % 60) * 0x010101 * (base & 1 ? 1 : -1)) & 0xffffff, i * 3, 3)
  const image = sharp(data, { raw: { width: 60, height: 40, channels: 3 } })
  if (options.orientation) image.withMetadata({ orientation: options.orientation })
  await image.toFile(at(path))
}
const importAll = async (folder = 'images') => {
  const { job } = await api.datasets.import({ paths: [at(folder)] })
  return (await api.jobs.wait({ job })).result as ImportReport
}
const get = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${listener.port}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${listener.token}`, ...headers },
  })
const rows = () =>
  studio
    .store()!
    .db.prepare('SELECT s.id, s.path, s.state, s.hash, f.bytes, f.dhash FROM sample s LEFT JOIN sample_file f ON f.sample_id = s.id ORDER BY s.id') // prettier-ignore
    .all() as { id: number; path: string; state: string; hash: string | null; bytes: number | null; dhash: string | null }[] // prettier-ignore

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'tagwright-media-'))
  await start()
})
afterEach(async () => {
  await studio.close()
  rmSync(root, { recursive: true, force: true })
})

describe('over HTTP', () => {
  it('sends originals and thumbnails with entity tags, for ever under a versioned address', async () => {
    await picture('images/a.jpg', '#336699', { orientation: 6 })
    await studio.init(at('p'), {})
    await importAll()
    const info = (await (await get('/media/1/info')).json()) as ImageInfo
    expect(info).toMatchObject({ sample: 1, width: 40, height: 60, tiled: false, levels: [], state: 'ready' })
    expect(await api.media.info({ sample: 1 })).toEqual(info)
    const full = await get('/media/1/full')
    expect(Buffer.from(await full.arrayBuffer()).equals(readFileSync(at('images/a.jpg')))).toBe(true)
    expect(full.headers.get('cache-control')).toBe('private, no-cache')
    const known = await get('/media/1/full', { 'if-none-match': full.headers.get('etag')! })
    expect(known.status).toBe(304)
    const versioned = await get(`/media/1?w=64&v=${info.version}`)
    expect(versioned.headers.get('cache-control')).toContain('immutable')
    expect(versioned.headers.get('content-type')).toBe('image/webp')
    expect(await sharp(Buffer.from(await versioned.arrayBuffer())).metadata()).toMatchObject({ width: 40, height: 60 })
    const stale = await get('/media/1?w=64&v=old')
    expect(stale.headers.get('cache-control')).toBe('private, no-cache')
    expect(await api.media.resolve({ sample: 1 })).toEqual({ path: at('images/a.jpg'), mime: 'image/jpeg', version: info.version }) // prettier-ignore
    rmSync(at('images/a.jpg'))
    expect((await get('/media/1/full')).status).toBe(404)
  })

  it('converts without loss and upright what browsers do not show', async () => {
    await picture('images/a.tif')
    await picture('images/b.png', '#336699', { orientation: 8 })
    await sharp(Buffer.alloc(60 * 40 * 6, 200), { raw: { width: 60, height: 40, channels: 3 } }).toColourspace('rgb16').tiff().toFile(at('images/c.tif')) // prettier-ignore
    await studio.init(at('p'), {})
    await importAll()
    const original = await sharp(at('images/a.tif')).raw().toBuffer()
    const sent = await get('/media/1/full')
    expect(sent.headers.get('content-type')).toBe('image/png')
    expect(
      (
        await sharp(Buffer.from(await sent.arrayBuffer()))
          .raw()
          .toBuffer()
      ).equals(original),
    ).toBe(true)
    for (const id of [2, 3]) {
      const answer = await get(`/media/${id}/full`)
      const meta = await sharp(Buffer.from(await answer.arrayBuffer())).metadata()
      expect(meta).toMatchObject(id === 2 ? { width: 40, height: 60 } : { width: 60, height: 40, depth: 'uchar' })
      expect(meta.orientation ?? 1).toBe(1)
    }
  })

  it('serves a large image in tiles, tells of progress at once, and refuses to send it whole', async () => {
    mkdirSync(at('images'))
    writeLargeTiff(at('images/large.tif'), { width: 9000, height: 600, layout: 'tiled', compression: 'deflate' })
    await studio.init(at('p'), {})
    expect((await importAll()).states).toEqual({ ok: 1, missing: 0, unreadable: 0 })
    const heard: { state: string; done: number }[] = []
    api.media.on('progress', (state) => heard.push(state))
    const info = await api.media.info({ sample: 1 })
    expect(info).toMatchObject({ tiled: true, width: 9000, height: 600, tileSize: 512 })
    expect(info.levels[0]).toEqual({ width: 9000, height: 600, columns: 18, rows: 2 })
    const whole = await get('/media/1/full')
    expect([whole.status, ((await whole.json()) as { error: { code: string } }).error.code]).toEqual([422, 'image-too-large']) // prettier-ignore
    const coarse = await get(`/media/1/tile/${info.levels.length - 1}/0/0`)
    expect(coarse.status).toBe(200)
    await until(() => heard.some(({ state }) => state === 'ready'))
    expect(heard[0]).toMatchObject({ state: 'building', done: 0 })
    const tile = await get(`/media/1/tile/0/17/1?v=${info.version}`)
    expect(tile.headers.get('cache-control')).toContain('immutable')
    expect(await sharp(Buffer.from(await tile.arrayBuffer())).metadata()).toMatchObject({ width: 9000 - 17 * 512, height: 88 }) // prettier-ignore
    expect((await get('/media/1/tile/0/18/0')).status).toBe(404)
    expect((await api.media.info({ sample: 1 })).state).toBe('ready')
    // Small images have no tiles, and thumbnails are there for large ones.
    expect((await get('/media/1?w=256')).status).toBe(200)
  })
})

describe('in the background', () => {
  it('makes thumbnails and hashes, also of images that come later', async () => {
    await picture('images/a.png', '#336699')
    await picture('images/b.png', '#f0f0f0')
    await studio.init(at('p'), {})
    await importAll()
    await studio.close()
    await start('browser')
    const heard: string[] = []
    api.media.on('background', ({ phase }) => heard.push(phase))
    await studio.open(at('p'))
    await until(() => rows().every(({ dhash }) => dhash !== null))
    const [a, b] = rows()
    expect(a.hash).toBe(createHash('sha256').update(readFileSync(at('images/a.png'))).digest('hex')) // prettier-ignore
    // Brighter towards the right in one, towards the left in the other.
    expect([a.dhash, b.dhash]).toEqual(['ffffffffffffffff', '0000000000000000'])
    expect(readdirSync(at('p/cache/thumbs'), { recursive: true }).filter((name) => String(name).endsWith('.webp'))).toHaveLength(2) // prettier-ignore
    await picture('later/c.png', '#112233')
    await importAll('later')
    await until(() => rows()[2]?.dhash != null)
    await until(async () => (await api.media.background()).phase === 'idle')
    expect(heard).toContain('images')
  })

  it('finds missing images when the project is opened, and those that are back', async () => {
    await picture('images/a.png')
    await picture('images/b.png')
    await studio.init(at('p'), {})
    await importAll()
    rmSync(at('images/a.png'))
    await studio.close()
    await start('browser')
    await studio.open(at('p'))
    await until(() => rows()[0].state === 'missing')
    expect(rows()[1].state).toBe('ok')
    await picture('images/a.png')
    expect(await api.media.checkFiles()).toEqual({ samples: 2, missing: 0, nowMissing: 0, foundAgain: 1 })
    expect(rows()[0].state).toBe('ok')
    expect((await api.history.list({})).undo).toBeNull()
  })

  it('looks at replaced files anew', async () => {
    await picture('images/a.png')
    await studio.init(at('p'), {})
    await importAll()
    await studio.close()
    await start('browser')
    await studio.open(at('p'))
    await until(() => rows()[0].dhash !== null)
    const before = rows()[0].hash
    await picture('images/a.png', '#998877')
    utimesSync(at('images/a.png'), 5, 5)
    await studio.close()
    await start('browser')
    await studio.open(at('p'))
    await until(() => rows()[0].hash !== before)
  })

  it('keeps working when the project folder was moved, with thumbnails as they were', async () => {
    await studio.init(at('p'), {})
    await picture('p/photos/a.png')
    await importAll('p/photos')
    expect((await get('/media/1?w=64')).status).toBe(200)
    await studio.close()
    renameSync(at('p'), at('moved'))
    await start()
    await studio.open(at('moved'))
    expect((await get('/media/1/full')).status).toBe(200)
    expect((await get('/media/1?w=64')).status).toBe(200)
    expect(readdirSync(at('moved/cache/thumbs'), { recursive: true }).filter((name) => String(name).endsWith('.webp'))).toHaveLength(1) // prettier-ignore
    expect(await api.media.checkFiles()).toMatchObject({ missing: 0 })
  })
})

describe('relinking', () => {
  const relink = async (folder: string, preview = false) => {
    const { job } = await api.media.relink({ folder: at(folder), preview })
    return (await api.jobs.wait({ job })).result as RelinkReport
  }

  it('finds moved and renamed files by content, and can be undone', async () => {
    for (const [name, color] of [['a', '#100000'], ['b', '#200001'], ['c', '#300000']]) await picture(`images/${name}.png`, color) // prettier-ignore
    await studio.init(at('p'), {})
    await importAll()
    await studio.close()
    await start('browser')
    await studio.open(at('p'))
    await until(() => rows().every(({ hash }) => hash !== null))
    mkdirSync(at('new/deep'), { recursive: true })
    renameSync(at('images/a.png'), at('new/deep/other name.png'))
    renameSync(at('images/b.png'), at('new/b.png'))
    rmSync(at('images/c.png'))
    await picture('new/c.png', '#445566')
    await api.media.checkFiles()
    const preview = await relink('new', true)
    expect(preview).toMatchObject({ missing: 3, relinked: 2, byHash: 2, stillMissing: 1, ambiguous: 0 })
    expect(rows().map(({ path }) => path)).toEqual(['a.png', 'b.png', 'c.png'])
    expect(await relink('new')).toEqual(preview)
    expect(rows().map(({ path, state }) => [path, state])).toEqual([
      ['deep/other name.png', 'ok'],
      ['b.png', 'ok'],
      ['c.png', 'missing'],
    ])
    expect((await get('/media/1/full')).status).toBe(200)
    const undone = await api.history.undo({})
    expect(undone.entry?.reason).toBe('Relink 2 images')
    expect(rows().map(({ path, state }) => [path, state])[0]).toEqual(['a.png', 'missing'])
  })

  it('goes by name and size of the picture where no hash is known, and takes nothing that is ambiguous', async () => {
    await picture('images/a.png')
    await picture('images/b.png')
    await studio.init(at('p'), {})
    await importAll()
    cpSync(at('images'), at('copy1'), { recursive: true })
    rmSync(at('images'), { recursive: true })
    mkdirSync(at('copy2'))
    cpSync(at('copy1/b.png'), at('copy1/sub/b.png'))
    const report = await relink('copy1')
    expect(report).toMatchObject({
      missing: 2,
      relinked: 1,
      byHash: 0,
      byNameAndSize: 1,
      ambiguous: 1,
      stillMissing: 1,
    })
    expect(report.matches).toEqual([{ sample: 1, from: at('images/a.png'), to: at('copy1/a.png'), by: 'name' }])
    const { job } = await api.media.relink({ folder: at('nowhere') })
    expect((await api.jobs.wait({ job })).error).toMatchObject({ code: 'not-found' })
  })
})

describe('uploads', () => {
  const send = (upload: string, path: string, body: Buffer) =>
    get(`/upload/${upload}?path=${encodeURIComponent(path)}`, {}, { method: 'PUT', body: new Uint8Array(body) })
  const bytes = async (color: string) => {
    await picture('x.png', color)
    return readFileSync(at('x.png'))
  }
  const finish = async (upload: string) => {
    const { job } = await api.media.importUpload({ upload })
    return api.jobs.wait({ job })
  }
  const zip = (files: Record<string, Buffer>): Promise<Buffer> =>
    new Promise((resolve) => {
      const file = new ZipFile()
      for (const [name, content] of Object.entries(files)) file.addBuffer(content, name)
      const parts: Buffer[] = []
      file.outputStream.on('data', (part: Buffer) => parts.push(part))
      file.outputStream.on('end', () => resolve(Buffer.concat(parts)))
      file.end()
    })
  beforeEach(async () => {
    await studio.init(at('p'), {})
  })

  it('keeps what was sent in the project and imports it with its annotations', async () => {
    const { upload } = await api.media.beginUpload({ name: 'from phone' })
    expect((await send(upload, 'set/a.png', await bytes('#100000'))).status).toBe(200)
    const voc = `<annotation><object><name>ship</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object></annotation>`
    expect((await send(upload, 'set/a.xml', Buffer.from(voc))).status).toBe(200)
    // Not imported before it is asked for.
    expect((await api.project.info()).samples.total).toBe(0)
    const done = await finish(upload)
    expect(done.result).toMatchObject({ format: 'voc', samples: 1, annotations: 1 })
    expect(existsSync(at('p/images/from phone/set/a.png'))).toBe(true)
    expect(readdirSync(at('p/images'))).toEqual(['from phone'])
    expect((await get('/media/1/full')).status).toBe(200)
  })

  it('unpacks zips', async () => {
    const { upload } = await api.media.beginUpload({ name: 'zip' })
    const content = await zip({ 'images/a.png': await bytes('#100000'), 'labels/a.txt': Buffer.from('0 .5 .5 .5 .5\n'), 'classes.txt': Buffer.from('ship\n'), '__MACOSX/._a.png': Buffer.from('x') }) // prettier-ignore
    await send(upload, 'data.zip', content)
    const { result } = await finish(upload)
    expect(result).toMatchObject({ format: 'yolo', samples: 1, annotations: 1 })
    expect(readdirSync(at('p/images/zip')).sort()).toEqual(['classes.txt', 'images', 'labels'])
  })

  it('never writes outside of its folder, whatever the names are', async () => {
    const { upload } = await api.media.beginUpload({ name: '../../evil' })
    const image = await bytes('#100000')
    for (const name of ['../../../up.png', '/etc/abs.png', 'C:\\win\\x.png', '.hidden.png', 'a\u0000b?.png', 'con.png', `${'n'.repeat(300)}.png`])
      expect((await send(upload, name, image)).status).toBe(200) // prettier-ignore
    await send(upload, 'evil.zip', await slipZip(image))
    const done = await finish(upload)
    const list = readdirSync(at('p/images/_.._evil'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(at('p/images/_.._evil').length + 1))
      .sort()
    expect(done.status).toBe('done')
    expect(list).toEqual(['C_/win/x.png', '_con.png', 'a_b_.png', 'etc/abs.png', 'evil/zipped.png', 'hidden.png', `${'n'.repeat(176)}.png`, 'up.png']) // prettier-ignore
    expect(existsSync(at('up.png'))).toBe(false)
  })

  it('numbers names that are taken, and takes the same file once', async () => {
    const { upload } = await api.media.beginUpload({})
    const [one, two] = [await bytes('#100000'), await bytes('#200001')]
    const paths = []
    for (const content of [one, two, one])
      paths.push(((await (await send(upload, 'a.png', content)).json()) as { path: string }).path)
    expect(paths).toEqual(['a.png', 'a-2.png', 'a.png'])
    await finish(upload)
    expect((await api.project.info()).samples.total).toBe(2)
  })

  it('refuses what it cannot take, and forgets what is cancelled', async () => {
    const { upload } = await api.media.beginUpload({})
    const error = async (answer: Promise<Response>) => ((await (await answer).json()) as { error: { code: string } }).error.code // prettier-ignore
    expect(await error(send(upload, 'setup.exe', Buffer.from('x')))).toBe('unknown-kind')
    expect(await error(send(upload, '..', Buffer.from('x')))).toBe('bad-name')
    expect(await error(send('none', 'a.png', Buffer.from('x')))).toBe('not-found')
    expect(await error(get(`/upload/${upload}`, {}, { method: 'PUT' }))).toBe('bad-input')
    await send(upload, 'a.png', await bytes('#100000'))
    await api.media.cancelUpload({ upload })
    expect(readdirSync(at('p/images'))).toEqual([])
    await expect(api.media.importUpload({ upload })).rejects.toMatchObject({ code: 'not-found' })
    const other = await api.media.beginUpload({})
    await send(other.upload, 'bad.zip', Buffer.from('PK no zip at all'))
    expect((await finish(other.upload)).error).toMatchObject({ code: 'bad-zip' })
  })

  it('needs the token', async () => {
    const { upload } = await api.media.beginUpload({})
    const answer = await fetch(`http://127.0.0.1:${listener.port}/upload/${upload}?path=a.png`, { method: 'PUT', body: 'x' }) // prettier-ignore
    expect(answer.status).toBe(401)
  })

  /** yazl refuses such names: the name of a harmless entry is overwritten in the bytes. */
  async function slipZip(image: Buffer): Promise<Buffer> {
    const content = await zip({ 'aa/aa/zipped.png': image })
    return Buffer.from(content.toString('latin1').replaceAll('aa/aa/zipped.png', '../../zipped.png'), 'latin1')
  }
})
