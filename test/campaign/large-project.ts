/** A project of 100,000 images: how soon its window stands, and how long places of the gallery stay empty on the way down. */
import { copyFileSync, linkSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import sharp from 'sharp'
import { createWorkplace, see, shown } from '../helpers/annotator-window'
import { findOutside } from '../helpers/find-outside'
import type { Campaign } from './campaign'

const [images, originals, perFolder, wheels] = [100_000, 50, 10_000, 80]

/** Of the places that came into view, how long each had no text and no picture, ms; those that left the view before are not counted. */
interface Blank {
  places: number
  median: number
  p95: number
  longest: number
}

export const campaign: Campaign = {
  title: 'A project of 100,000 images: opening it, and scrolling its gallery',
  seed: 0,
  recipe: {
    images,
    image: '800 x 600 JPEG, 50 different ones under 100,000 names',
    window: '1280x800, software raster',
    wheels: `${wheels} of 400 px at places never seen before, the thumbnails made on the way`,
    budgets: { openMs: 2000, blankMs: 200 },
  },
  async run({ root, log, record }) {
    const browser = findOutside('browser', root)
    if ('reason' in browser) throw new Error(browser.reason)
    const started = performance.now()
    const place = await createWorkplace(browser.path, {
      labels: ['object'],
      server: join(root, 'out/main/server.js'),
      make: (folder) => fill(folder),
    })
    const figures: Record<string, unknown> = { importSeconds: seconds(started) }
    try {
      log(`made and imported in ${figures.importSeconds} s`)
      // A second start: the first one has just made the project.
      const opens: { serverMs: number; windowMs: number }[] = []
      for (let round = 0; round < 3; round++) {
        const before = performance.now()
        await place.restart()
        const served = performance.now()
        const page = await place.browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
        await page.goto(`${place.served.url}#label`)
        await shown(page)
        await see(page.getByRole('gridcell').first().locator('.name')).not.toBeEmpty()
        opens.push({ serverMs: Math.round(served - before), windowMs: Math.round(performance.now() - served) })
        log(`opened: ${JSON.stringify(opens.at(-1))}`)
        record({ ...figures, opens })
        if (round === 2) Object.assign(figures, await scroll(page))
        await page.close()
      }
      return { ...figures, opens }
    } finally {
      await place.close()
    }
  },
}

const seconds = (since: number) => Math.round((performance.now() - since) / 100) / 10

async function fill(folder: string): Promise<void> {
  const sources = join(folder, '..', 'sources')
  mkdirSync(sources)
  for (let i = 0; i < originals; i++) {
    const noise = { type: 'gaussian' as const, mean: 60 + 3 * i, sigma: 30 }
    await sharp({ create: { width: 800, height: 600, channels: 3, background: '#808080', noise } })
      .blur(2)
      .jpeg({ quality: 85 })
      .toFile(join(sources, `${i}.jpg`))
  }
  for (let i = 0; i < images; i++) {
    const part = join(folder, String(Math.floor(i / perFolder)))
    if (i % perFolder === 0) mkdirSync(part)
    const [from, to] = [join(sources, `${i % originals}.jpg`), join(part, `${String(i).padStart(6, '0')}.jpg`)]
    // Some file systems limit the names of one file: another copy then carries on.
    try {
      linkSync(from, to)
    } catch {
      copyFileSync(from, to)
    }
  }
}

interface Watched {
  seen: Map<string, { since: number; text: number | null; picture: number | null }>
  stop: boolean
}

/** Wheels through the gallery in jumps and watches every place that comes into view. */
async function scroll(page: Page): Promise<{ textBlankMs: Blank; pictureBlankMs: Blank }> {
  const grid = page.getByRole('grid')
  const box = (await grid.boundingBox())!
  await page.evaluate(() => {
    const state = globalThis as unknown as Watched
    state.seen = new Map()
    state.stop = false
    const scroller = document.querySelector('[role=grid]')!
    const look = () => {
      const now = performance.now()
      const frame = scroller.getBoundingClientRect()
      for (const cell of scroller.querySelectorAll<HTMLElement>('[role=gridcell]')) {
        const place = cell.getBoundingClientRect()
        if (place.bottom <= frame.top || place.top >= frame.bottom) continue
        const key = cell.dataset.place!
        const entry = state.seen.get(key) ?? { since: now, text: null, picture: null }
        state.seen.set(key, entry)
        if (entry.text === null && cell.querySelector('.name')?.textContent?.trim()) entry.text = now - entry.since
        const image = cell.querySelector('img')
        if (entry.picture === null && image?.complete && image.naturalWidth > 0) entry.picture = now - entry.since
      }
      if (!state.stop) requestAnimationFrame(look)
    }
    look()
  })
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  for (let i = 0; i < wheels; i++) {
    await page.mouse.wheel(0, 400)
    await page.waitForTimeout(100)
  }
  // A leap to the middle by the scroll bar, then on by the wheel.
  await grid.evaluate((element) => (element.scrollTop = element.scrollHeight / 2))
  for (let i = 0; i < wheels; i++) {
    await page.mouse.wheel(0, 400)
    await page.waitForTimeout(100)
  }
  await page.waitForTimeout(2000)
  const waits = await page.evaluate(() => {
    const state = globalThis as unknown as Watched
    state.stop = true
    return [...state.seen.values()]
  })
  const blank = (kind: 'text' | 'picture'): Blank => {
    // Left the view before it was there: not a wait that anybody saw to its end.
    const sorted = waits.flatMap((one) => one[kind] ?? []).sort((a, b) => a - b)
    const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))])
    return { places: sorted.length, median: at(0.5), p95: at(0.95), longest: at(1) }
  }
  return { textBlankMs: blank('text'), pictureBlankMs: blank('picture') }
}
