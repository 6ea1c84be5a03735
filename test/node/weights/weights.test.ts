/** Start weights: fetched from a server of this test that stalls, cuts off and lies, and taken from files. */
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { publishedWeights, type PublishedWeights } from '@shared/catalog/start-weights'
import { models } from '@shared/catalog/models'
import type { StudioContracts } from '@shared/contract'
import type { Client } from '@shared/contract/rpc'
import { Graph } from '@shared/engine/graph'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { mul } from '@shared/engine/ops'
import { createStudio, type Studio } from '../../../src-main/host/studio'
import { WeightsFolder } from '../../../src-main/jobs/weights-folder'
import { receiveWeights } from '../../../src-main/jobs/weights-uploads'
import { testPorts } from '../../helpers/test-ports'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const code = (value: string) => expect.objectContaining({ code: value })

/** A real, small ONNX file; `factor` makes it another one. */
function onnxBytes(factor: number): Buffer {
  const graph = new Graph()
  graph.output('y', mul(graph.input('x', [1, 3, 64, 64]), graph.constant(new Float32Array(20_000).fill(factor), [20_000, 1, 1, 1]) as never)) // prettier-ignore
  return Buffer.from(encodeOnnx(graph))
}
const file = onnxBytes(2)

let folder: string
let server: Server
let answer: (request: IncomingMessage, response: ServerResponse) => void
let breakOff = () => {}
let requests: (string | undefined)[]
let published: Map<string, PublishedWeights>
const kept = () => join(folder, 'weights')
const run = { signal: new AbortController().signal, onProgress: () => {} }
const open = () => new WeightsFolder(kept(), published)

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-weights-'))
  requests = []
  answer = serve()
  server = createServer((request, response) => {
    requests.push(request.headers.range)
    answer(request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tiny.onnx`
  published = new Map([['tiny', { title: 'Tiny', model: 'yolox-nano', page: 'https://example.org', url, licence: 'MIT', data: 'made up', size: 64, ap: 1, bytes: file.length, sha256: sha256(file) }]]) // prettier-ignore
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  rmSync(folder, { recursive: true, force: true })
})

/** A server that knows ranges; its first answer ends after `cut` bytes, as soon as the client has got some of them. */
function serve({ cut = Infinity, bytes = file, etag = '"1"' } = {}): typeof answer {
  let isFirst = true
  return ({ headers }, response) => {
    const same = !headers['if-range'] || headers['if-range'] === etag
    const from = same ? Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0) : 0
    response.writeHead(from > 0 ? 206 : 200, {
      etag,
      'content-length': bytes.length - from,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
    })
    if (isFirst && cut < bytes.length) {
      response.write(bytes.subarray(from, cut))
      breakOff = () => response.destroy()
    } else response.end(bytes.subarray(from))
    isFirst = false
  }
}
/** Cuts the connection once something has come. */
const cutOff = { ...run, onProgress: (done: number) => void (done > 0 && breakOff()) }

describe('Published weights', () => {
  it('are fetched once, with their progress, and then found by name', async () => {
    const weights = open()
    expect(await weights.list()).toMatchObject([{ name: 'tiny', state: 'absent', file: null, have: 0 }])
    await expect(weights.find('tiny')).rejects.toEqual(code('weights-not-here'))
    const seen: number[] = []
    const got = await weights.get('tiny', { ...run, onProgress: (done, total) => void (seen.push(done), expect(total).toBe(file.length)) }) // prettier-ignore
    expect(got).toMatchObject({ state: 'here', checked: true, licence: 'MIT', bytes: file.length })
    expect(readFileSync(got.file!)).toEqual(file)
    expect(seen[0]).toBe(0)
    expect(seen.at(-1)).toBe(file.length)
    await weights.get('tiny', run)
    expect(requests).toHaveLength(1)
    expect(await weights.find('tiny')).toBe(got.file)
    expect(await weights.find('other')).toBeNull()
    expect(readdirSync(kept()).sort()).toEqual(['tiny.onnx', 'weights.json'])
  })

  it('go on where the connection broke', async () => {
    answer = serve({ cut: 30_000 })
    await expect(open().get('tiny', cutOff)).rejects.toEqual(code('download-interrupted'))
    const [partial] = await open().list()
    expect(partial).toMatchObject({ state: 'partial', file: null })
    expect(partial.have).toBeGreaterThan(0)
    expect(existsSync(join(kept(), 'tiny.onnx'))).toBe(false)
    await open().get('tiny', run)
    expect(requests).toEqual([undefined, `bytes=${partial.have}-`])
    expect(readFileSync(join(kept(), 'tiny.onnx'))).toEqual(file)
  })

  it('start again when the file changed meanwhile', async () => {
    answer = serve({ cut: 30_000, etag: '"old"' })
    await expect(open().get('tiny', cutOff)).rejects.toEqual(code('download-interrupted'))
    answer = serve({ etag: '"new"' })
    await open().get('tiny', run)
    expect(readFileSync(join(kept(), 'tiny.onnx'))).toEqual(file)
  })

  it('are refused and deleted with another checksum, another size, or when they are no ONNX file', async () => {
    const other = onnxBytes(3)
    answer = serve({ bytes: other })
    await expect(open().get('tiny', run)).rejects.toEqual(code('checksum-mismatch'))
    expect(await open().list()).toMatchObject([{ state: 'absent', have: 0 }])
    answer = serve({ bytes: Buffer.concat([file, file]) })
    await expect(open().get('tiny', run)).rejects.toEqual(code('download-failed'))
    expect(await open().list()).toMatchObject([{ state: 'absent', have: 0 }])
    const page = Buffer.from('<html>Please sign in</html>')
    published.set('tiny', { ...published.get('tiny')!, bytes: null, sha256: null })
    answer = serve({ bytes: page })
    await expect(open().get('tiny', run)).rejects.toEqual(code('bad-model'))
    expect(readdirSync(kept()).filter((name) => name !== 'weights.json')).toEqual([])
  })

  it('say what to do without internet, when the page is gone, and when nothing comes', async () => {
    answer = (_, response) => void response.writeHead(404).end()
    await expect(open().get('tiny', run)).rejects.toMatchObject({ code: 'download-failed', message: expect.stringContaining('404') as string }) // prettier-ignore
    const { url } = published.get('tiny')!
    published.set('tiny', { ...published.get('tiny')!, url: url.replace(/:\d+/, ':1') })
    await expect(open().get('tiny', run)).rejects.toMatchObject({ code: 'offline', message: expect.stringContaining('tagwright weights add') as string }) // prettier-ignore
  })

  it('stop when they are cancelled and keep what came', async () => {
    const abort = new AbortController()
    answer = (_, response) => {
      response.writeHead(200, { etag: '"1"', 'content-length': file.length })
      response.write(file.subarray(0, 20_000))
    }
    const onProgress = (done: number) => void (done > 0 && abort.abort(new Error('enough')))
    await expect(open().get('tiny', { signal: abort.signal, onProgress })).rejects.toThrow('enough')
    const [partial] = await open().list()
    expect(partial.state).toBe('partial')
    answer = serve()
    await open().get('tiny', run)
    expect(requests.at(-1)).toBe(`bytes=${partial.have}-`)
  })
})

describe("A file of the person's own", () => {
  const put = (name: string, bytes: Uint8Array | string) => {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    return path
  }
  it('is taken under its name or another, once', async () => {
    const path = put('mine.onnx', onnxBytes(5))
    expect(await open().add(path)).toMatchObject({ name: 'mine', published: false, state: 'here', checked: false })
    expect(await open().add(path)).toMatchObject({ name: 'mine' })
    await open().add(path, 'cells')
    await expect(open().add(put('cells.onnx', onnxBytes(6)))).rejects.toEqual(code('exists'))
    expect((await open().list()).map(({ name }) => name)).toEqual(['tiny', 'cells', 'mine'])
    await open().remove('mine')
    await expect(open().remove('mine')).rejects.toEqual(code('not-found'))
  })
  it('with the checksum of published weights becomes these; another one cannot take their name', async () => {
    expect(await open().add(put('downloaded elsewhere.onnx', file))).toMatchObject({ name: 'tiny', checked: true })
    await expect(open().add(put('other.onnx', onnxBytes(7)), 'tiny')).rejects.toEqual(code('exists'))
  })
  it('is not taken where the folder cannot be made', async () => {
    writeFileSync(kept(), 'a file of that name')
    await expect(open().add(put('mine.onnx', onnxBytes(5)))).rejects.toEqual(code('not-writable'))
    await expect(open().get('tiny', run)).rejects.toEqual(code('not-writable'))
  })
  it('that is no model is refused with its reason', async () => {
    await expect(open().add(join(folder, 'none.onnx'))).rejects.toEqual(code('not-found'))
    await expect(open().add(put('weights.pth', 'PK'))).rejects.toEqual(code('bad-model'))
    await expect(open().add(put('page.onnx', '<html>'))).rejects.toEqual(code('bad-model'))
    await expect(open().add(put('foreign.ckpt', 'no checkpoint'))).rejects.toEqual(code('bad-model'))
    expect(existsSync(kept())).toBe(false)
  })
})

describe('The weights service', () => {
  let studio: Studio
  let api: Client<StudioContracts>
  beforeEach(() => {
    studio = createStudio(testPorts({ folders: { config: null, projects: folder, weights: kept() } }))
    api = studio.client()
  })
  afterEach(() => studio.close())

  it('lists the catalogue, tells windows of changes and names an unknown one', async () => {
    let changes = 0
    api.weights.on('changed', () => changes++)
    const path = join(folder, 'mine.onnx')
    writeFileSync(path, onnxBytes(5))
    await api.weights.add({ path })
    const { weights, folder: where } = await api.weights.list()
    expect(where).toBe(kept())
    expect(weights.map(({ name }) => name)).toEqual([...publishedWeights.keys(), 'mine'])
    expect(changes).toBe(1)
    await expect(api.weights.get({ name: 'yolox-nan' })).rejects.toMatchObject({ message: expect.stringContaining('"yolox-nano"') as string }) // prettier-ignore
  })
})

describe('A file that a window sends', () => {
  let studio: Studio
  let api: Client<StudioContracts>
  let changes: number
  beforeEach(() => {
    studio = createStudio(testPorts({ folders: { config: null, projects: folder, weights: kept() } }))
    api = studio.client()
    changes = 0
    api.weights.on('changed', () => changes++)
  })
  afterEach(() => studio.close())
  const pieces = async function* (bytes: Uint8Array) {
    for (let i = 0; i < bytes.length; i += 30_000) yield bytes.subarray(i, i + 30_000)
  }
  const send = async (name: string, bytes: Uint8Array) =>
    receiveWeights((await api.weights.upload({ name })).url.split('/').at(-1)!, pieces(bytes))

  it('joins the folder; the same again stays one, another of the name gets a number', async () => {
    expect(await send('boats.onnx', onnxBytes(5))).toMatchObject({ name: 'boats', state: 'here', file: join(kept(), 'boats.onnx') }) // prettier-ignore
    expect(readFileSync(join(kept(), 'boats.onnx'))).toEqual(onnxBytes(5))
    expect(await send('boats.onnx', onnxBytes(5))).toMatchObject({ name: 'boats' })
    expect(await send('boats.onnx', onnxBytes(6))).toMatchObject({ name: 'boats 2' })
    expect(changes).toBe(3)
    expect(readdirSync(kept()).sort()).toEqual(['boats 2.onnx', 'boats.onnx', 'weights.json'])
  })
  it('leaves nothing behind when it is no model, and each address takes one file', async () => {
    await expect(send('page.onnx', Buffer.from('<html>'))).rejects.toEqual(code('bad-model'))
    expect(readdirSync(kept())).toEqual([])
    await expect(api.weights.upload({ name: '../boats.onnx' })).rejects.toEqual(code('bad-input'))
    await expect(api.weights.upload({ name: 'boats.exe' })).rejects.toEqual(code('bad-input'))
    const { url } = await api.weights.upload({ name: 'boats.onnx' })
    await receiveWeights(url.split('/').at(-1)!, pieces(onnxBytes(5)))
    await expect(receiveWeights(url.split('/').at(-1)!, pieces(onnxBytes(5)))).rejects.toEqual(code('not-found'))
  })
})

it('the catalogue names models that exist, and addresses over TLS', () => {
  for (const { model, url, page, sha256: sum } of publishedWeights.values()) {
    expect(() => models.get(model)).not.toThrow()
    expect(url).toMatch(/^https:\/\/.*\.onnx$/)
    expect(page).toMatch(/^https:\/\//)
    if (sum !== null) expect(sum).toMatch(/^[0-9a-f]{64}$/)
  }
})
