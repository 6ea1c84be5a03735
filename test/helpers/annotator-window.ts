/** A project served by the built browser host and shown by Chromium: what tests of the annotator drive and look at. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { chromium, expect as patient, type Browser, type Page } from '@playwright/test'
import sharp from 'sharp'
import type { StudioContracts } from '@shared/contract'
import type { Client } from '@shared/contract/rpc'
import type { Shape } from '@shared/domain/annotation'
import { connectProject, type Core } from '../../src-main/host/connect'
import { createStudio } from '../../src-main/host/studio'
import { testPorts } from './test-ports'

/** Waits for what a window shows; patient, because machines that test are busy. */
export const see = patient.configure({ timeout: 30_000 })

const builtServer = resolve(import.meta.dirname, '../../out/main/server.js')

export interface Served {
  url: string
  process: ChildProcess
  api: Client<StudioContracts>
  core: Core
  stop(): Promise<void>
  /** As a power cut does. */
  kill(): Promise<void>
}

/** Starts the browser host on a project, with settings of its own below `home`. */
export async function serveProject(project: string, home: string, serverFile = builtServer): Promise<Served> {
  const child = spawn(process.execPath, [serverFile, project], {
    env: { ...process.env, PORT: '0', HOME: home, XDG_CONFIG_HOME: join(home, 'config'), APPDATA: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (text) => (said += text))
  const url = await new Promise<string>((found, fail) => {
    child.stdout.on('data', (text: Buffer) => {
      const line = /http:\S+/.exec(String(text))?.[0]
      if (line) found(line)
    })
    child.once('exit', (code) => fail(new Error(`The server ended with ${code}:\n${said}`)))
  })
  const core = await connectProject(testPorts(), project)
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  return {
    url,
    process: child,
    api: core.api,
    core,
    async stop() {
      await core.close().catch(() => {})
      await end('SIGTERM')
    },
    kill: () => end('SIGKILL'),
  }
}

export interface TestImage {
  /** Below the images' folder. */
  path: string
  width?: number
  height?: number
  /** EXIF orientation, 1 to 8; width and height are then those of the stored, unturned pixels. */
  orientation?: number
}

/** Plain pictures with a gradient, so that something can be seen. */
export async function makeImages(folder: string, images: readonly TestImage[]): Promise<void> {
  for (const [at, { path, width = 320, height = 240, orientation }] of images.entries()) {
    const data = Buffer.alloc(width * height * 3)
    for (let i = 0; i < data.length; i += 3) {
      const [x, y] = [(i / 3) % width, Math.floor(i / 3 / width)]
      data[i] = (x * 255) / width
      data[i + 1] = (y * 255) / height
      data[i + 2] = (at * 47) % 256
    }
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    let image = sharp(data, { raw: { width, height, channels: 3 } })
    if (orientation) image = image.withMetadata({ orientation })
    await image.toFile(file)
  }
}

export interface Workplace {
  folder: string
  images: string
  project: string
  browser: Browser
  served: Served
  /** A window on the annotator, with its first image shown. */
  open(options?: { width?: number; height?: number; hash?: string }): Promise<Page>
  /** Ends the server, by SIGTERM or, with `hard`, as a power cut does, and starts it again. */
  restart(options?: { hard?: boolean }): Promise<void>
  close(): Promise<void>
}

/** A project with images that somebody is about to label. */
export async function createWorkplace(
  program: string,
  {
    images,
    labels = [],
    make,
    server,
    disk = tmpdir(),
  }: {
    images?: readonly TestImage[]
    labels?: readonly string[]
    /** Fills the images' folder in another way. */
    make?: (folder: string) => void | Promise<void>
    /** The built server, for callers that are bundled elsewhere. */
    server?: string
    /** The folder that everything but the browser's own files lies in. */
    disk?: string
  },
): Promise<Workplace> {
  const folder = mkdtempSync(join(disk, 'tagwright-annotator-'))
  const [pictures, project, home] = ['images', 'project', 'home'].map((name) => join(folder, name))
  for (const one of [pictures, home]) mkdirSync(one)
  if (images) await makeImages(pictures, images)
  await make?.(pictures)
  const studio = createStudio(testPorts())
  await studio.init(project, { name: 'Test' })
  const api = studio.client()
  if (labels.length > 0) await api.labels.add({ labels: labels.map((name) => ({ name })) })
  const { job } = await api.datasets.import({ paths: [pictures], format: 'images' })
  const { status, error } = await api.jobs.wait({ job })
  if (status !== 'done') throw new Error(`The import ended as ${status}: ${error?.message}`)
  await studio.close()

  const browser = await chromium.launch({ executablePath: program })
  const self: Workplace = {
    folder,
    images: pictures,
    project,
    browser,
    served: await serveProject(project, home, server),
    async open({ width = 1280, height = 800, hash = 'label' } = {}) {
      const context = await browser.newContext({ viewport: { width, height }, locale: 'en-GB' })
      const page = await context.newPage()
      page.on('pageerror', (error) => console.error(error))
      await page.goto(self.served.url)
      await page.goto(`${new URL(self.served.url).origin}/#${hash}`)
      if (hash.startsWith('label') && !hash.startsWith('labels')) await shown(page)
      return page
    },
    async restart({ hard = false } = {}) {
      if (hard) {
        await self.served.kill()
        await self.served.core.close().catch(() => {})
      } else await self.served.stop()
      self.served = await serveProject(project, home, server)
    },
    async close() {
      await browser.close()
      await self.served.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return self
}

/** Waits until the image and its objects are on screen. */
export async function shown(page: Page, place?: number): Promise<void> {
  if (place !== undefined) await see(page.getByRole('button', { name: new RegExp(`^${place} / `) })).toBeVisible()
  await see(page.locator('[data-canvas-state="ready"]')).toBeVisible()
}

/** Image pixel -> point of the page, by the fitted view: the image is centred and as large as fits. */
export async function mapping(
  page: Page,
  width: number,
  height: number,
): Promise<(x: number, y: number) => { x: number; y: number }> {
  const room = (await page.locator('[data-canvas-state]').boundingBox())!
  const scale = Math.min(room.width / width, room.height / height)
  const left = room.x + (room.width - width * scale) / 2
  const top = room.y + (room.height - height * scale) / 2
  return (x, y) => ({ x: left + x * scale, y: top + y * scale })
}

export type At = Awaited<ReturnType<typeof mapping>>

/** Presses, drags and releases, as a hand does. */
export async function drag(page: Page, from: { x: number; y: number }, to: { x: number; y: number }): Promise<void> {
  await page.mouse.move(from.x, from.y)
  await page.mouse.down()
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2)
  await page.mouse.move(to.x, to.y)
  await page.mouse.up()
}

/** W, drag, type the label's name, Enter: LabelImg's way. */
export async function drawBox(
  page: Page,
  at: At,
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  label: string,
): Promise<void> {
  await page.keyboard.press('w')
  await drag(page, at(x1, y1), at(x2, y2))
  await chooseLabel(page, label)
}
export async function chooseLabel(page: Page, label: string): Promise<void> {
  // Beside it there are fields of the same name in the properties.
  const field = page.getByRole('dialog', { name: 'Choose a label' }).getByRole('combobox')
  await see(field).toBeFocused()
  await page.keyboard.type(label)
  await see(field).toHaveValue(label)
  await page.keyboard.press('Enter')
  await see(field).toHaveCount(0)
}

/** Everything that was drawn is stored. */
export const stored = (page: Page) => see(page.locator('.stored')).toHaveText('Saved')

/** Sample ids by name. */
export async function samplesByName(api: Client<StudioContracts>): Promise<Map<string, number>> {
  const { samples } = await api.samples.list({ limit: 5000 })
  return new Map(samples.map(({ name, id }) => [name, id]))
}

/** `ship 10,20,30,40`, sorted: what is stored of a sample, in a form that reads well in a failed test. */
export async function boxesOf(api: Client<StudioContracts>, sample: number): Promise<string[]> {
  const { labels } = await api.labels.list()
  const { annotations } = await api.annotations.list({ sample })
  const name = new Map(labels.map((label) => [label.id, label.name]))
  return annotations.map(({ label, shape }) => `${name.get(label)} ${describe(shape)}`).sort()
}
const describe = (shape: Shape): string => (shape.kind === 'box' ? shape.box.join(',') : shape.kind)
