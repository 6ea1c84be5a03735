import { createServer, type Server } from 'node:http'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { chromium, type CDPSession, type Page } from '@playwright/test'
import sharp from 'sharp'
import { build } from 'vite'
import type { Bench } from './canvas/page'
import { describeLoad, describeMachine, median, readOption, type BenchContext } from './context'

const screen = { width: 1280, height: 800 }
const image = { width: 4000, height: 3000 }
const moves = 300

type Figures = Record<string, unknown>

/**
 * The editor alone in Chromium, software raster, real input events: frames per second and milliseconds per frame while
 * thousands of boxes are panned and zoomed, time to select and to add one among them, time to the next image.
 * `-- --boxes 5000,20000 --json`. Budgets: ANNOTATOR's "Canvas".
 */
export async function run({ root, args, json }: BenchContext): Promise<void> {
  const counts = readOption(args, 'boxes', '5000,20000').split(',').map(Number)
  const figures = await measureCanvas(root, counts, (text) => void process.stderr.write(`${text}\n`))
  if (json) console.log(JSON.stringify(figures, null, 2))
  else console.log(summarize(figures))
}

export async function measureCanvas(root: string, counts: number[], log: (text: string) => void): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'tagwright-canvas-'))
  const server = await serve(await buildPage(root, folder), await makeImages(4))
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--disable-gpu', '--js-flags=--expose-gc'],
  })
  try {
    const figures: Figures = {
      machine: describeMachine(),
      load: describeLoad(),
      browser: `Chromium ${browser.version()}, software raster, ${screen.width} x ${screen.height}`,
    }
    const page = await browser.newPage({ viewport: screen })
    const cdp = await page.context().newCDPSession(page)
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    for (const count of counts) {
      log(`${count} boxes`)
      figures[`boxes${count}`] = await measureBoxes(page, cdp, count)
    }
    log('next image')
    figures.nextImage = await measureNextImage(page)
    return figures
  } finally {
    await browser.close()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureBoxes(page: Page, cdp: CDPSession, count: number): Promise<Figures> {
  await page.evaluate(
    async ({ count, image }) => {
      const { editor, makeBoxes, images } = bench()
      images.length = 0
      editor.setTool('select')
      editor.setImage(1, { ...image, source: { kind: 'image', url: '/image/0.jpg' } })
      editor.setAnnotations(makeBoxes(count, image.width, image.height))
      while (!images.some(({ state }) => state === 'ready')) await new Promise(requestAnimationFrame)
      await new Promise(requestAnimationFrame)
      function bench() {
        return (window as unknown as { bench: Bench }).bench
      }
    },
    { count, image },
  )
  const pan = await gesture(page, cdp, async () => {
    await page.mouse.move(640, 400)
    await page.mouse.down({ button: 'middle' })
    const send = (i: number) => {
      const [x, y] = [640 + 200 * Math.sin(i / 9), 400 + 120 * Math.sin(i / 6)]
      return cdp.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y, button: 'middle', buttons: 4 })
    }
    await flood(send)
    await page.mouse.up({ button: 'middle' })
  })
  const zoom = await gesture(page, cdp, async () => {
    await flood((i) =>
      cdp.send('Input.dispatchMouseEvent', {
        type: 'mouseWheel',
        x: 640,
        y: 400,
        deltaX: 0,
        deltaY: i % 50 < 25 ? -60 : 60,
      }),
    )
  })
  // Close up: one box in the middle of the screen for each try.
  const select = await latencies(page, 12, (i) => [300 + 50 * i, 250 + 20 * i], 'click')
  await page.evaluate(() => {
    const { editor } = (window as unknown as { bench: Bench }).bench
    editor.setSettings({ keepTool: true })
    editor.setTool('box')
  })
  const add = await latencies(page, 12, (i) => [200 + 60 * i, 200 + 25 * i], 'drag')
  return { pan, zoom, selectMs: select, addMs: add }
}

/** Sends events as fast as a mouse does, whether or not the page keeps up: each frame finds something new to draw. */
async function flood(send: (i: number) => Promise<unknown>): Promise<void> {
  const sent: Promise<unknown>[] = []
  for (let i = 0; i < moves; i++) {
    sent.push(send(i))
    await new Promise((done) => setTimeout(done, 8))
  }
  await Promise.all(sent)
}

/** Frames of a gesture and what they cost, from the browser's own trace. */
async function gesture(page: Page, cdp: CDPSession, act: () => Promise<void>): Promise<Figures> {
  await page.evaluate(() => {
    const times: number[] = []
    const state = window as unknown as { bench: Bench; frames: number[]; stop: () => void }
    state.frames = times
    let running = true
    state.stop = () => (running = false)
    let view = ''
    const tick = (time: number) => {
      // Only frames that show something else than the one before count.
      const now = JSON.stringify([state.bench.editor.toScreen([0, 0]), state.bench.editor.toScreen([1, 1])])
      if (now !== view) times.push(time)
      view = now
      if (running) requestAnimationFrame(tick)
    }
    requestAnimationFrame(tick)
  })
  const trace = await startTrace(cdp)
  await act()
  const events = await trace.stop()
  const frames = await page.evaluate(() => {
    const state = window as unknown as { frames: number[]; stop: () => void }
    state.stop()
    return state.frames
  })
  const gaps = frames.slice(1).map((time, i) => time - frames[i])
  const seconds = (frames.at(-1)! - frames[0]) / 1000
  const cost = sumThreads(events)
  const perFrame = (ms: number) => Number((ms / (frames.length - 1)).toFixed(2))
  return {
    framesPerSecond: Number(((frames.length - 1) / seconds).toFixed(1)),
    worst5PercentMs: Number([...gaps].sort((a, b) => b - a)[Math.floor(gaps.length * 0.05)].toFixed(1)),
    scriptMsPerFrame: perFrame(cost.script),
    rasterMsPerFrame: perFrame(cost.raster),
    frames: frames.length - 1,
  }
}

interface TraceEvent {
  name: string
  ph: string
  pid: number
  tid: number
  ts: number
  dur?: number
  /** Processor time of the thread: other programs do not add to it. */
  tdur?: number
  args: { name?: string }
}

async function startTrace(cdp: CDPSession): Promise<{ stop(): Promise<TraceEvent[]> }> {
  const events: TraceEvent[] = []
  const collect = ({ value }: { value: unknown }) => void events.push(...(value as TraceEvent[]))
  cdp.on('Tracing.dataCollected', collect as never)
  await cdp.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', 'cc', '__metadata'] },
  })
  return {
    async stop() {
      const complete = new Promise<void>((done) => cdp.once('Tracing.tracingComplete', () => done()))
      await cdp.send('Tracing.end')
      await complete
      cdp.off('Tracing.dataCollected', collect as never)
      return events
    },
  }
}

/** Milliseconds of work: script on the page's thread; everything that turns it into pixels, on any thread. */
function sumThreads(events: TraceEvent[]): { script: number; raster: number } {
  const names = new Map<string, string>()
  for (const event of events) {
    if (event.ph === 'M' && event.name === 'thread_name') names.set(`${event.pid}/${event.tid}`, event.args.name ?? '')
  }
  const drawn = /CrRendererMain|Compositor|VizCompositorThread|CrGpuMain|ThreadPoolForegroundWorker/
  let script = 0
  let tasks = 0
  for (const { name, ph, pid, tid, dur = 0, tdur = dur } of events) {
    if (ph !== 'X') continue
    const thread = names.get(`${pid}/${tid}`) ?? ''
    if (
      thread === 'CrRendererMain' &&
      (name === 'FunctionCall' || name === 'FireAnimationFrame' || name === 'EventDispatch')
    ) {
      // Function calls lie inside the other two.
      if (name !== 'FunctionCall') script += tdur
    }
    if (/RunTask$/.test(name) && drawn.test(thread)) tasks += tdur
  }
  return { script: script / 1000, raster: (tasks - script) / 1000 }
}

/** From the input event to the frame that shows its effect, milliseconds. */
async function latencies(
  page: Page,
  tries: number,
  place: (i: number) => [number, number],
  kind: 'click' | 'drag',
): Promise<Figures> {
  await page.evaluate(
    (type) => {
      const state = window as unknown as { waits: number[] }
      state.waits = []
      document.querySelector('#canvas')!.addEventListener(
        type,
        (event) => {
          requestAnimationFrame(() => {
            // A message posted in the frame is handled after the frame has been drawn.
            const channel = new MessageChannel()
            channel.port1.onmessage = () => state.waits.push(performance.now() - event.timeStamp)
            channel.port2.postMessage(null)
          })
        },
        { capture: true },
      )
    },
    kind === 'click' ? 'pointerdown' : 'pointerup',
  )
  for (let i = 0; i < tries; i++) {
    const [x, y] = place(i)
    await page.mouse.move(x, y)
    await page.mouse.down()
    if (kind === 'drag') await page.mouse.move(x + 40, y + 30)
    await page.mouse.up()
    await page.waitForFunction((n) => (window as unknown as { waits: number[] }).waits.length >= n, i + 1)
  }
  const waits = await page.evaluate(() => (window as unknown as { waits: number[] }).waits)
  return { median: Number(median(waits).toFixed(1)), worst: Number(Math.max(...waits).toFixed(1)) }
}

/** 12 Mpx JPEG files one after another: prefetched, as stepping through a project does, and cold. */
async function measureNextImage(page: Page): Promise<Figures> {
  const measure = (prefetch: boolean) =>
    page.evaluate(
      async ({ image, prefetch }) => {
        const { editor, images } = (window as unknown as { bench: Bench }).bench
        const waits: number[] = []
        const url = (i: number) => `/image/${i}.jpg?${prefetch ? 'warm' : 'cold'}${waits.length}`
        for (let i = 0; i < 4; i++) {
          const source = { kind: 'image' as const, url: url(i) }
          if (prefetch) {
            editor.prefetch([source])
            await new Promise((done) => setTimeout(done, 1500))
          }
          images.length = 0
          const start = performance.now()
          editor.setImage(100 + i, { ...image, source })
          while (!images.some(({ state }) => state === 'ready')) await new Promise(requestAnimationFrame)
          await new Promise(requestAnimationFrame)
          const channel = new MessageChannel()
          await new Promise((done) => {
            channel.port1.onmessage = done
            channel.port2.postMessage(null)
          })
          waits.push(performance.now() - start)
        }
        return waits
      },
      { image, prefetch },
    )
  const [warm, cold] = [await measure(true), await measure(false)]
  return {
    megapixels: (image.width * image.height) / 1e6,
    prefetchedMs: Number(median(warm).toFixed(1)),
    coldMs: Number(median(cold).toFixed(1)),
  }
}

async function buildPage(root: string, folder: string): Promise<string> {
  await build({
    configFile: false,
    root: join(root, 'test/bench/canvas'),
    base: './',
    logLevel: 'error',
    resolve: { alias: { '@shared': join(root, 'src-shared') } },
    build: { outDir: folder, emptyOutDir: true, chunkSizeWarningLimit: 2000 },
  })
  return folder
}

/** Gradients under noise: as large as photographs once compressed. */
async function makeImages(count: number): Promise<Buffer[]> {
  const files: Buffer[] = []
  for (let i = 0; i < count; i++) {
    const noise = { type: 'gaussian' as const, mean: 100 + 20 * i, sigma: 25 }
    files.push(
      await sharp({ create: { ...image, channels: 3, background: '#808080', noise } })
        .blur(1.2)
        .jpeg({ quality: 85 })
        .toBuffer(),
    )
  }
  return files
}

function serve(folder: string, images: Buffer[]): Promise<Server> {
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' }
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const number = /^\/image\/(\d+)\.jpg$/.exec(pathname)?.[1]
    const file = join(folder, pathname === '/' ? 'index.html' : pathname)
    const body = number ? images[Number(number)] : existsSync(file) ? readFileSync(file) : null
    response.statusCode = body ? 200 : 404
    response.setHeader('content-type', number ? 'image/jpeg' : (types[extname(file)] ?? 'application/octet-stream'))
    response.end(body)
  })
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)))
}

function summarize(figures: Figures): string {
  const lines = Object.entries(figures).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
  return lines.join('\n')
}
