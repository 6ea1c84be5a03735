import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const program = resolve(import.meta.dirname, '../../bin/tagwright.js')
const boxes = { a: ['cat', 10, 20, 60, 70], b: ['dog', 5, 5, 95, 45], c: ['cat', 30, 10, 90, 40] } as const
let folder: string
let project: string

/** Starts the built program as a user does. */
function tagwright(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', cwd: folder })
  return { status, stdout, stderr }
}

/** The one JSON document on stdout; anything beside it makes this throw. */
function ask(...args: string[]) {
  const { status, stdout, stderr } = tagwright(...args, '--json')
  expect(stderr).not.toContain('at ')
  return { status, answer: JSON.parse(stdout) }
}

/** Three images and their annotations as LabelImg writes them. */
async function makeImages(target: string): Promise<void> {
  mkdirSync(target)
  for (const [name, [label, x1, y1, x2, y2]] of Object.entries(boxes)) {
    await sharp({ create: { width: 100, height: 80, channels: 3, background: '#446688' } })
      .jpeg()
      .toFile(join(target, `${name}.jpg`))
    writeFileSync(
      join(target, `${name}.xml`),
      `<annotation><folder>images</folder><filename>${name}.jpg</filename>
        <size><width>100</width><height>80</height><depth>3</depth></size><segmented>0</segmented>
        <object><name>${label}</name><pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>
        <bndbox><xmin>${x1}</xmin><ymin>${y1}</ymin><xmax>${x2}</xmax><ymax>${y2}</ymax></bndbox></object></annotation>`,
    )
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-app-'))
  project = join(folder, 'pets')
  await makeImages(join(folder, 'images'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('The built command line', () => {
  test('helps, and refuses an unknown command as wrong usage', () => {
    const help = tagwright('--help')
    expect(help.status).toBe(0)
    expect(help.stdout).toMatch(/Usage: tagwright/)
    expect(tagwright('no-such-command').status).toBe(2)
  })

  test('imports a LabelImg folder into a new project, processes apart', () => {
    expect(ask('init', project).status).toBe(0)
    expect(ask('import', project, join(folder, 'images')).status).toBe(0)
    const { answer } = ask('info', project)
    expect(answer.samples.total).toBe(3)
    expect(answer.annotations.total).toBe(3)
    expect(answer.labels.map(({ name }: { name: string }) => name).sort()).toEqual(['cat', 'dog'])
  })

  test('takes a change back in another process', () => {
    const names = () =>
      ask('info', project)
        .answer.labels.map(({ name }: { name: string }) => name)
        .sort()
    expect(ask('labels', project, 'rename', 'dog', 'hound').status).toBe(0)
    expect(names()).toEqual(['cat', 'hound'])
    expect(ask('undo', project).status).toBe(0)
    expect(names()).toEqual(['cat', 'dog'])
    expect(ask('redo', project).status).toBe(0)
    expect(names()).toEqual(['cat', 'hound'])
  })

  test('writes the same boxes as COCO', () => {
    const out = join(folder, 'coco')
    expect(ask('export-data', project, '--format', 'coco', '--out', out).status).toBe(0)
    const file = readdirSync(out, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.json'))!
    const coco = JSON.parse(readFileSync(join(out, file), 'utf8'))
    const found = coco.annotations.map((row: { image_id: number; bbox: number[] }) => {
      const image = coco.images.find(({ id }: { id: number }) => id === row.image_id)
      const [x, y, width, height] = row.bbox
      return [image.file_name.replace(/^.*\//, '').replace('.jpg', ''), x, y, x + width, y + height]
    })
    const expected = Object.entries(boxes).map(([name, [, ...box]]) => [name, ...box])
    expect(found.sort()).toEqual(expected)
  })

  test('an error is one JSON document with a code and a next step', () => {
    const { status, answer } = ask('info', join(folder, 'nothing'))
    expect(status).toBe(1)
    expect(answer.error).toMatchObject({ code: 'not-found', message: expect.stringContaining('tagwright init') })
    expect(existsSync(join(folder, 'nothing'))).toBe(false)
  })

  test('serves a project to those who have its address only', async () => {
    const server = spawn(process.execPath, [program, 'serve', project], { stdio: ['ignore', 'pipe', 'pipe'] })
    try {
      const address = await new Promise<string>((found, failed) => {
        let text = ''
        const read = (chunk: Buffer) => {
          text += chunk
          const url = /http:\/\/(?:127\.0\.0\.1|localhost):\d+\/\S*token=\S+/.exec(text)?.[0]
          if (url) found(url)
        }
        server.stdout.on('data', read)
        server.stderr.on('data', read)
        setTimeout(() => failed(new Error(`no address after 60 s: ${text}`)), 60_000).unref()
        server.on('exit', (code) => failed(new Error(`serve ended with ${code}: ${text}`)))
      })
      const entry = await fetch(address, { redirect: 'manual' })
      expect(entry.status).toBeLessThan(400)
      const media = new URL('/media/1', address)
      expect((await fetch(media)).status).toBeGreaterThanOrEqual(401)
      const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? ''
      expect(entry.headers.get('set-cookie')).toMatch(/HttpOnly/i)
      expect((await fetch(media, { headers: { cookie } })).headers.get('content-type')).toBe('image/jpeg')
      // A second process finds the owner and asks it.
      expect(ask('info', project).answer.samples.total).toBe(3)
    } finally {
      server.kill('SIGTERM')
    }
  })
})
