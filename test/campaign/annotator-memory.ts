/** Whether hours of labelling fill the window's memory: the heap after 200 changes of image and 1,000 edits. */
import { copyFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CDPSession, Page } from '@playwright/test'
import { createWorkplace, mapping, shown, stored } from '../helpers/annotator-window'
import { findOutside } from '../helpers/find-outside'
import type { Campaign } from './campaign'

const [images, turn, edits, every] = [20, 200, 1000, 100]

interface Sample {
  /** What was done since the window was opened. */
  done: string
  /** Of the page's JavaScript, after a full collection, MB. */
  heap: number
  /** DOM nodes that are alive. */
  nodes: number
  listeners: number
}

export const campaign: Campaign = {
  title: 'Memory of the annotator: BCCD, 200 changes of image back and forth, 1,000 edits',
  seed: 0,
  recipe: { data: 'BCCD', images, switches: turn, edits, window: '1280x800' },
  async run({ root, log, record }) {
    const [browser, data] = [findOutside('browser', root), findOutside('data', root)]
    if ('reason' in browser) throw new Error(browser.reason)
    if ('reason' in data) throw new Error(data.reason)
    const pictures = join(data.path, 'detect/bccd/BCCD/JPEGImages')
    const place = await createWorkplace(browser.path, {
      labels: ['RBC', 'WBC', 'Platelets'],
      server: join(root, 'out/main/server.js'),
      make(folder) {
        const names = readdirSync(pictures).filter((name) => name.endsWith('.jpg')).sort() // prettier-ignore
        for (const name of names.slice(0, images)) copyFileSync(join(pictures, name), join(folder, name))
      },
    })
    const samples: Sample[] = []
    try {
      const page = await place.open()
      const session = await page.context().newCDPSession(page)
      await session.send('HeapProfiler.enable')
      await session.send('Performance.enable')
      const take = async (done: string) => {
        samples.push({ done, ...(await measure(session)) })
        const { heap, nodes, listeners } = samples.at(-1)!
        log(`${done}: ${heap} MB, ${nodes} nodes, ${listeners} listeners`)
        record({ samples })
      }
      await take('opened')
      for (let i = 0; i < turn; i++) {
        await page.keyboard.press(i % 40 < 20 ? 'd' : 'a')
        await shown(page)
        if ((i + 1) % 50 === 0) await take(`${i + 1} changes of image`)
      }
      for (let i = 0; i < edits; i++) {
        await edit(page, i)
        if ((i + 1) % every === 0) {
          await stored(page)
          await take(`${i + 1} edits`)
        }
      }
      // The first rounds fill caches; what counts is whether it goes on.
      const [first, last] = [samples.find((one) => one.done === '100 changes of image')!, samples.at(-1)!]
      return { samples, growthAfterWarmUp: Math.round((last.heap - first.heap) * 10) / 10 }
    } finally {
      await place.close()
    }
  },
}

/** Draws, moves, resizes, relabels, deletes and undoes in turn, on an image that changes every fifty edits. */
async function edit(page: Page, at: number): Promise<void> {
  if (at % 50 === 0) {
    await page.keyboard.press('d')
    await shown(page)
    await page.keyboard.press('Escape')
    await page.keyboard.press('1')
  }
  switch (at % 5) {
    case 0: {
      const on = await mapping(page, 640, 480)
      const [x, y] = [40 + ((at * 37) % 500), 40 + ((at * 53) % 360)]
      await page.keyboard.press('Escape')
      await page.keyboard.press('w')
      await page.mouse.move(on(x, y).x, on(x, y).y)
      await page.mouse.down()
      await page.mouse.move(on(x + 60, y + 50).x, on(x + 60, y + 50).y)
      await page.mouse.up()
      return
    }
    case 1:
      return page.keyboard.press('ArrowRight')
    case 2:
      return page.keyboard.press('Alt+ArrowDown')
    case 3:
      return page.keyboard.press(String(1 + (at % 3)))
    default:
      return page.keyboard.press(at % 2 ? 'Delete' : 'Control+z')
  }
}

async function measure(session: CDPSession): Promise<Omit<Sample, 'done'>> {
  await session.send('HeapProfiler.collectGarbage')
  const { metrics } = (await session.send('Performance.getMetrics')) as { metrics: { name: string; value: number }[] }
  const value = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0
  return {
    heap: Math.round(value('JSHeapUsedSize') / 1e5) / 10,
    nodes: value('Nodes'),
    listeners: value('JSEventListeners'),
  }
}
