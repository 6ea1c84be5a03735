/* global URL, URLSearchParams, document, requestAnimationFrame */
// Pictures of every screen of the window, of the generated harbour sample, at two sizes, light and dark.
//
//   npm run build && npx node scripts/screenshots.mjs [--out <folder>] [--only <parts of names>] [--skip <parts>] [--docs]
//     [--size 1280|1920] [--theme light|dark] [--language zh]
//
// --only and --skip take several parts with commas between them. Every view of the activity bar is taken as it opens;
// scripts/screenshots/*.mjs add states: each default-exports a list of { name, view, params?, empty?, project?, docs?,
// prepare?(page) }. `empty`: without a project; `project`: which of screenshots-sample.mjs, when it is not the painted
// harbour as it is. `docs`: the name under which --docs also writes the picture, 1280x800, into docs/images:
// `docs: 'label'` gives label.png and label-dark.png. States are prepared in English; --language then changes it under
// them, as the settings do.
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium } from '@playwright/test'
import sharp from 'sharp'
import { call } from './call-core.mjs'
import { screenshotsSample } from './screenshots-sample.mjs'

const root = resolve(import.meta.dirname, '..')
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: join(tmpdir(), 'tagwright-screens') },
    only: { type: 'string', default: '' },
    skip: { type: 'string', default: '' },
    docs: { type: 'boolean', default: false },
    size: { type: 'string', default: '' },
    theme: { type: 'string', default: '' },
    language: { type: 'string', default: '' },
    images: { type: 'string', default: '40' },
  },
})
const sizes = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
].filter(({ width }) => String(width).includes(options.size))
const themes = ['light', 'dark'].filter((theme) => theme.includes(options.theme))

/** Starts the browser host with settings of its own. */
async function serve(home, project) {
  const args = [join(root, 'out/main/server.js'), ...(project ? [project] : [])]
  const env = {
    ...process.env,
    PORT: '0',
    TAGWRIGHT_CONFIG: join(home, 'config'),
    TAGWRIGHT_PROJECTS: join(home, 'Tagwright'),
  }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await new Promise((found, fail) => {
    child.stdout.on('data', (text) => {
      const line = /http:\S+/.exec(String(text))?.[0]
      if (line) found(line)
    })
    child.once('exit', (code) => fail(new Error(`The server ended with ${code}. Is it built? npm run build`)))
  })
  const stop = () =>
    new Promise((done) => {
      child.once('exit', done)
      child.kill('SIGTERM')
    })
  return { url, stop }
}

const folder = join(import.meta.dirname, 'screenshots')
const states = []
for (const file of readdirSync(folder).filter((name) => name.endsWith('.mjs'))) {
  states.push(...(await import(pathToFileURL(join(folder, file)).href)).default)
}

/** Waits for what moves: fonts, images, running requests of the view, transitions. */
async function settle(page, running) {
  // The page's own load state is idle once and for all; pictures are asked for later, too.
  for (let quiet = 0, left = 300; quiet < 4 && left > 0; left--) {
    quiet = running.size === 0 ? quiet + 1 : 0
    await page.waitForTimeout(100)
  }
  await page.evaluate(async () => {
    await document.fonts.ready
    await Promise.all(
      document
        .getAnimations()
        .map((one) => (one.effect?.getTiming().iterations === Infinity ? null : one.finished.catch(() => null))),
    )
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  })
}

async function take(browser, server, state, size, theme) {
  const context = await browser.newContext({
    viewport: size,
    locale: 'en-GB',
    colorScheme: theme,
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  const running = new Set()
  page.on('request', (request) => running.add(request))
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => running.delete(request))
  try {
    await page.goto(server.url)
    const hash = new URLSearchParams(state.params ?? {}).toString()
    await page.goto(`${new URL(server.url).origin}/#${state.view}${hash ? `?${hash}` : ''}`)
    await page.locator('#view > *').first().waitFor()
    await settle(page, running)
    await state.prepare?.(page)
    if (options.language) await call(page, 'settings.set', { values: { language: options.language } })
    await settle(page, running)
    const name = `${state.name}-${size.width}-${theme}${options.language && `-${options.language}`}.png`
    await page.screenshot({ path: join(options.out, name) })
    console.log(name)
    if (options.docs && state.docs && size.width === 1280) {
      mkdirSync(join(root, 'docs/images'), { recursive: true })
      const suffix = theme === 'dark' ? '-dark' : ''
      const shot = await page.screenshot()
      // A palette of 256 colours: a fifth of the bytes, and no difference to be seen.
      await sharp(shot)
        .png({ palette: true, quality: 95, effort: 10 })
        .toFile(join(root, 'docs/images', `${state.docs}${suffix}.png`))
    }
  } catch (error) {
    console.error(`${state.name} ${size.width} ${theme}: ${error.message.split('\n')[0]}`)
    await page.screenshot({ path: join(options.out, `FAILED-${state.name}-${size.width}-${theme}.png`) })
    process.exitCode = 1
  } finally {
    if (options.language) await call(page, 'settings.set', { values: { language: 'en' } }).catch(() => {})
    await context.close()
  }
}

mkdirSync(options.out, { recursive: true })
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' })
const home = mkdtempSync(join(tmpdir(), 'tagwright-screens-'))
const running = []
const projectNames = { pose: 'Boats', denoise: 'Night photos', classify: 'Boat types', bare: 'Rooftops' }
/** Serves a copy of a sample project, or none. */
async function host(name, sample) {
  const place = join(home, name)
  mkdirSync(place)
  const project = sample && join(place, projectNames[name] ?? 'Harbour')
  if (project) cpSync(sample, project, { recursive: true })
  const server = await serve(place, project)
  running.push(server)
  return server
}
try {
  const make = (kind) => screenshotsSample({ browser, serve, call, images: options.images, kind })
  const full = await host('full', await make('sample'))
  const empty = await host('nobody')

  const page = await browser.newPage()
  await page.goto(full.url)
  await page.locator('nav [data-view]').first().waitFor()
  const views = await page.locator('nav [data-view]').evaluateAll((all) => all.map((one) => one.dataset.view))
  await page.close()
  const plain = views
    .filter((view) => !states.some((state) => state.name === view))
    .map((view) => ({ name: view, view }))

  const named = (parts) => (state) => parts.split(',').some((part) => state.name.includes(part))
  const chosen = [...plain, ...states]
    .filter(named(options.only))
    .filter((state) => !options.skip || !named(options.skip)(state))
  // A project is made when its first picture is due: the others are there to look at meanwhile.
  const hosts = new Map()
  const order = (state) => [...new Set(chosen.map(({ project }) => project))].indexOf(state.project)
  for (const state of chosen.toSorted((a, b) => order(a) - order(b))) {
    const kind = state.project
    if (kind && !hosts.has(kind)) hosts.set(kind, await host(kind, await make(kind)))
    const server = kind ? hosts.get(kind) : state.empty ? empty : full
    for (const size of sizes) {
      for (const theme of themes) await take(browser, server, state, size, theme)
    }
  }
} finally {
  for (const server of running) await server.stop()
  await browser.close()
  rmSync(home, { recursive: true, force: true })
}
