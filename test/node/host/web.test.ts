import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect as dial } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contracts } from '@shared/contract'
import { client } from '@shared/contract/rpc'
import { websocketWire } from '@shared/contract/wires/websocket'
import type { Listener } from '../../../src-main/host/listen'
import { createStudio, type Studio } from '../../../src-main/host/studio'
import { testPorts } from '../../helpers/test-ports'

let folder: string
let studio: Studio
let listener: Listener
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-web-'))
  const ui = join(folder, 'renderer')
  mkdirSync(join(ui, 'assets'), { recursive: true })
  writeFileSync(join(ui, 'index.html'), '<!doctype html><div id="app"></div>')
  writeFileSync(join(ui, 'assets/index-abc123.js'), 'console.log(1)')
  writeFileSync(join(ui, '.hidden.json'), '{}')
  writeFileSync(join(ui, 'notes.txt'), 'not a kind of file that a window is made of')
  writeFileSync(join(folder, 'secret.json'), '"secret"')
  symlinkSync(join(folder, 'secret.json'), join(ui, 'assets/way-out.json'))
  studio = createStudio(testPorts({ ui }))
  const store = await studio.init(join(folder, 'project'), {})
  const image = { create: { width: 100, height: 50, channels: 3 as const, background: '#336699' } }
  // Orientation 6: stored lying, upright 50 x 100.
  await sharp(image).withMetadata({ orientation: 6 }).jpeg().toFile(join(folder, 'a.jpg'))
  writeFileSync(join(folder, 'b.jpg'), 'no image at all')
  const batch = store.beginImport({ source: folder, root: folder })
  batch.addSamples(['a.jpg', 'b.jpg', 'gone.jpg'].map((path) => ({ key: path, path })))
  batch.finish()
  listener = await studio.listen()
})
afterAll(async () => {
  await studio.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}
/** Plain http: fetch does not let a test choose Host. */
const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: listener.port, path, headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }),
      )
    })
    call.on('error', reject)
    call.end()
  })
const own = () => ({ authorization: `Bearer ${listener.token}` })
const code = (answer: Answer): string => JSON.parse(answer.body.toString()).error.code

describe('who may come in', () => {
  test('a browser with the token gets an HttpOnly cookie and no token in the address', async () => {
    const first = await get(`/?token=${listener.token}`)
    expect(first.status).toBe(302)
    expect(first.headers.location).toBe('/')
    const cookie = String(first.headers['set-cookie'])
    expect(cookie).toMatch(/HttpOnly/)
    expect(cookie).toMatch(/SameSite=Strict/)
    const page = await get('/', { cookie: cookie.split(';')[0] })
    expect(page.status).toBe(200)
    expect(page.body.toString()).toContain('<div id="app">')
  })

  test('the cookie also reaches the page after a link on another site, where a redirect would lose it', async () => {
    const first = await get(`/?token=${listener.token}`, { 'sec-fetch-site': 'cross-site' })
    expect(first.status).toBe(200)
    expect(first.headers['set-cookie']?.[0]).toMatch(/HttpOnly; SameSite=Strict$/)
    expect(first.body.toString()).toContain('http-equiv="refresh" content="0;url=/"')
    expect(first.body.toString()).not.toContain(listener.token)
  })

  test('a ticket opens the page once', async () => {
    const { search } = new URL(listener.ticketUrl())
    expect((await get(`/${search}`)).status).toBe(302)
    expect((await get(`/${search}`)).status).toBe(401)
    expect(search).not.toContain(listener.token)
  })

  test('a person without the key is told in a page, with markup in headers shown as text', async () => {
    const answer = await get('/', { accept: 'text/html', origin: '<b>evil</b>' })
    expect(answer.status).toBe(403)
    expect(answer.headers['content-type']).toContain('text/html')
    expect(answer.body.toString()).toContain('&#60;b&#62;evil')
  })

  test.each([
    ['no token', '/', {}],
    ['a wrong token', '/?token=guess', {}],
    ['an empty token', '/?token=', {}],
    ['a wrong bearer', '/media/1', { authorization: 'Bearer guess' }],
    ['a wrong cookie', '/media/1', { cookie: 'tagwright=guess' }],
    ['a token on another path', '/media/1?token=TOKEN', {}],
    ['nothing on an unknown path', '/secrets', {}],
  ])('%s: 401', async (_, path, headers) => {
    const answer = await get(path.replace('TOKEN', listener.token), headers)
    expect([answer.status, code(answer)]).toEqual([401, 'wrong-token'])
  })

  test.each([
    ['another host (DNS rebinding)', () => ({ host: 'evil.example' }), 'wrong-host'],
    ['this host on another port', () => ({ host: '127.0.0.1:1' }), 'wrong-host'],
    ['another origin', () => ({ origin: 'https://evil.example' }), 'wrong-origin'],
    ['the null origin', () => ({ origin: 'null' }), 'wrong-origin'],
    ['the right origin over https', () => ({ origin: `https://127.0.0.1:${listener.port}` }), 'wrong-origin'],
  ])('the right token with %s: 403', async (_, headers, expected) => {
    const answer = await get('/', { ...own(), ...headers() })
    expect([answer.status, code(answer)]).toEqual([403, expected])
  })

  test('its own origin and localhost are fine', async () => {
    const host = `localhost:${listener.port}`
    expect((await get('/', { ...own(), host, origin: `http://${host}` })).status).toBe(200)
  })
})

describe('the window', () => {
  test('runs under a policy that lets it load nothing but itself', async () => {
    const { headers, status } = await get('/', own())
    expect(status).toBe(200)
    const policy = new Map(
      String(headers['content-security-policy'])
        .split('; ')
        .map((rule) => [rule.split(' ')[0], rule.split(' ').slice(1).join(' ')]),
    )
    expect(policy.get('default-src')).toBe("'none'")
    expect(policy.get('script-src')).toBe("'self'")
    expect(policy.get('connect-src')).toBe("'self'")
    for (const name of ['frame-ancestors', 'base-uri', 'form-action', 'object-src']) {
      expect(policy.get(name), name).toBe("'none'")
    }
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' })
  })

  test.each(['/media/1', '/nothing', '/assets/index-abc123.js'])('the same policy on %s', async (path) => {
    const { headers } = await get(path, own())
    expect(headers['content-security-policy']).toContain("script-src 'self';")
    expect(headers['cross-origin-resource-policy']).toBe('same-origin')
  })

  test('names with a hash are kept for good, the page is asked about each time', async () => {
    const script = await get('/assets/index-abc123.js', own())
    expect(script.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'private, max-age=31536000, immutable',
    })
    const page = await get('/', own())
    expect(page.headers['cache-control']).toBe('private, no-cache')
    const again = await get('/', { ...own(), 'if-none-match': String(page.headers.etag) })
    expect([again.status, again.body.length]).toEqual([304, 0])
  })

  test.each([
    '/../secret.json',
    '/assets/../../secret.json',
    '/%2e%2e/secret.json',
    '/assets/%2e%2e/%2e%2e/secret.json',
    '/..%2fsecret.json',
    '/assets/..%5c..%5csecret.json',
    '//etc/hostname',
    '/assets/way-out.json',
    '/.hidden.json',
    '/notes.txt',
    '/assets',
    '/assets/',
    '/index.html/',
    '/index.html%00.js',
    '/%',
    '/%ff',
    '/assets/index-abc123.js.map',
  ])('nothing is at %s', async (path) => {
    const answer = await get(path, own())
    expect([answer.status, code(answer)]).toEqual([404, 'not-found'])
  })
})

describe('media', () => {
  test('serves the file by sample id', async () => {
    const answer = await get('/media/1', own())
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('image/jpeg')
    expect((await sharp(answer.body).metadata()).width).toBe(100)
  })

  test('serves upright thumbnails, the second time from the cache', async () => {
    const answer = await get('/media/1?w=30', own())
    expect(answer.status).toBe(200)
    expect(await sharp(answer.body).metadata()).toMatchObject({ width: 50, height: 100, format: 'webp' })
    expect((await get('/media/1?w=30', own())).body.equals(answer.body)).toBe(true)
  })

  test('sends ranges, and nothing twice', async () => {
    const whole = await get('/media/1', own())
    const size = whole.body.length
    const part = async (range: string, more: Record<string, string> = {}) => {
      const { status, headers, body } = await get('/media/1', { ...own(), range, ...more })
      return [status, headers['content-range'], body.equals(whole.body.subarray(0, 10)), body.length]
    }
    expect(await part('bytes=0-9')).toEqual([206, `bytes 0-9/${size}`, true, 10])
    expect(await part('bytes=-4')).toEqual([206, `bytes ${size - 4}-${size - 1}/${size}`, false, 4])
    expect(await part(`bytes=5-${size * 2}`)).toEqual([206, `bytes 5-${size - 1}/${size}`, false, size - 5])
    expect((await part(`bytes=${size}-`)).slice(0, 2)).toEqual([416, `bytes */${size}`])
    expect((await part('bytes=9-5'))[0]).toBe(200)
    expect((await part('bytes=0-1,4-5'))[0]).toBe(200)
    expect((await part('bytes=0-9', { 'if-range': '"other"' }))[0]).toBe(200)
    expect((await part('bytes=0-9', { 'if-range': String(whole.headers.etag) }))[0]).toBe(206)
    const again = await get('/media/1', { ...own(), 'if-none-match': String(whole.headers.etag) })
    expect([again.status, again.body.length]).toEqual([304, 0])
  })

  test.each([
    ['/media/99', 404, 'not-found'],
    ['/media/3', 404, 'not-found'],
    ['/media/3?w=100', 404, 'not-found'],
    ['/media/2?w=100', 422, 'unreadable-image'],
    ['/media/1?w=0', 400, 'bad-input'],
    ['/media/1?w=1e9', 400, 'bad-input'],
    ['/media/1?w=abc', 400, 'bad-input'],
    ['/media/..%2f..%2fetc%2fpasswd', 404, 'not-found'],
    ['/media/-1', 404, 'not-found'],
    ['/media/99999999999999999999', 404, 'not-found'],
  ])('%s: %i %s', async (path, status, expected) => {
    const answer = await get(path, own())
    expect([answer.status, code(answer)]).toEqual([status, expected])
  })
})

describe('the contract over WebSocket', () => {
  const connect = (path: string, headers: Record<string, string>): Promise<WebSocket | number> =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${listener.port}${path}`, { headers })
      socket.on('open', () => resolve(socket))
      socket.on('unexpected-response', (_, response) => {
        resolve(response.statusCode!)
        socket.terminate()
      })
      socket.on('error', () => {})
    })

  test.each([
    ['no token', '/rpc', () => ({}), 401],
    ['a wrong token', '/rpc', () => ({ authorization: 'Bearer guess' }), 401],
    ['the cookie of another port', '/rpc', () => ({ cookie: `tagwright_1=${listener.token}` }), 401],
    [
      'a page of another site that carries the cookie',
      '/rpc',
      () => ({ cookie: `tagwright_${listener.port}=${listener.token}`, origin: 'https://evil.example' }),
      403,
    ],
    ['another host', '/rpc', () => ({ ...own(), host: 'evil.example' }), 403],
    ['another path', '/other', own, 404],
  ])('%s is refused', async (_, path, headers, status) => {
    expect(await connect(path, headers() as Record<string, string>)).toBe(status)
  })

  test('answers the contract, and survives an oversized message of another client', async () => {
    const socket = (await connect('/rpc', own())) as WebSocket
    const api = client(contracts, websocketWire(socket))
    expect(await api.project.info()).toMatchObject({ samples: { total: 3 } })
    const rude = (await connect('/rpc', own())) as WebSocket
    const closed = new Promise((resolve) => rude.on('close', resolve))
    rude.send('x'.repeat(17 * 2 ** 20))
    expect(await closed).toBe(1009)
    expect(await api.system.version()).toMatchObject({ pid: process.pid, contract: 1 })
    socket.close()
  })

  test('the cookie of the page opens it too', async () => {
    const socket = await connect('/rpc', {
      cookie: `other=1; tagwright_${listener.port}=${listener.token}`,
      origin: `http://127.0.0.1:${listener.port}`,
    })
    expect(socket).toBeInstanceOf(WebSocket)
    ;(socket as WebSocket).close()
  })
})

test('closing waits for no connection that was opened ahead and never asked anything', async () => {
  const other = createStudio(testPorts())
  const { port } = await other.listen()
  const silent = dial(port, '127.0.0.1')
  await once(silent, 'connect')
  const ended = once(silent, 'close')
  await other.close()
  await ended
})
