/** Nothing is lost: two windows, restarts, power cuts, a full disk. */
import type { Page } from '@playwright/test'
import { afterAll, beforeAll, expect } from 'vitest'
import {
  boxesOf,
  createWorkplace,
  drawBox,
  mapping,
  samplesByName,
  see,
  shown,
  stored,
  type Workplace,
} from '../../helpers/annotator-window'
import { openStore } from '../../../src-main/store/store'
import { putPredictions } from '../../../src-main/store/prediction'
import { need } from '../../helpers/need'

const browser = need('browser')
let place: Workplace
const images = ['a.png', 'b.png', 'c.png'].map((path) => ({ path }))
const objects = (page: Page) => page.getByRole('region', { name: 'Objects' }).getByRole('listitem')

beforeAll(async () => {
  if (browser.available) place = await createWorkplace(browser.path, { images, labels: ['cat', 'dog'] })
})
afterAll(() => place?.close())

browser.test('two windows on one project stay in step', async () => {
  const one = await place.open()
  const two = await place.open()
  const at = await mapping(one, 320, 240)
  await drawBox(one, at, [20, 30, 120, 130], 'cat')
  await see(objects(two)).toHaveCount(1)
  await see(objects(two).getByRole('button', { name: /^cat Box 100 × 100 at 20, 30/ })).toBeVisible()
  // The other window undoes what this one drew: one history for all.
  await two.keyboard.press('Control+z')
  await see(objects(one)).toHaveCount(0)
  await two.keyboard.press('Control+Shift+z')
  await see(objects(one)).toHaveCount(1)
  await two.keyboard.press('Space')
  await see(one.getByRole('button', { name: 'Mark as reviewed' })).toHaveAttribute('aria-pressed', 'true')
  await two.keyboard.press('Space')
  await see(one.getByRole('button', { name: 'Mark as reviewed' })).toHaveAttribute('aria-pressed', 'false')
  await Promise.all([one.context().close(), two.context().close()])
})

browser.test('undo reaches back across images and a restart, and leads to the image concerned', async () => {
  const ids = await samplesByName(place.served.api)
  const before = await boxesOf(place.served.api, ids.get('b.png')!)
  const page = await place.open({ hash: `label?sample=${ids.get('b.png')}` })
  await shown(page, 2)
  await drawBox(page, await mapping(page, 320, 240), [40, 40, 90, 80], 'dog')
  await stored(page)
  await page.keyboard.press('d')
  await shown(page, 3)
  await drawBox(page, await mapping(page, 320, 240), [10, 10, 60, 60], 'cat')
  await stored(page)
  await page.context().close()
  await place.restart()

  const again = await place.open({ hash: `label?sample=${ids.get('a.png')}` })
  await shown(again, 1)
  await again.keyboard.press('Control+z')
  await shown(again, 3)
  await see(objects(again)).toHaveCount(0)
  await again.keyboard.press('Control+z')
  await shown(again, 2)
  await see.poll(() => boxesOf(place.served.api, ids.get('b.png')!)).toEqual(before)
  await again.keyboard.press('Control+Shift+z')
  await see.poll(() => boxesOf(place.served.api, ids.get('b.png')!)).toEqual([...before, 'dog 40,40,90,80'].sort())
  await again.context().close()
})

browser.test('kill -9 of the server in the middle of a gesture loses that gesture at most', async () => {
  const ids = await samplesByName(place.served.api)
  const c = ids.get('c.png')!
  const page = await place.open({ hash: `label?sample=${c}` })
  await shown(page, 3)
  const at = await mapping(page, 320, 240)
  for (let i = 0; i < 5; i++) await drawBox(page, at, [10 + i * 40, 20, 40 + i * 40, 60], 'cat')
  await stored(page)
  const drawn = await boxesOf(place.served.api, c)
  expect(drawn).toHaveLength(5)
  // A drag is under way when the process dies.
  await page.keyboard.press('w')
  await page.mouse.move(at(50, 100).x, at(50, 100).y)
  await page.mouse.down()
  await page.mouse.move(at(150, 180).x, at(150, 180).y)
  await place.restart({ hard: true })
  expect(await boxesOf(place.served.api, c)).toEqual(drawn)
  await page.context().close()
})

browser.test(
  'a change that cannot be stored stays on the canvas, says why, and is stored by a later attempt',
  async () => {
    const ids = await samplesByName(place.served.api)
    const a = ids.get('a.png')!
    const before = await boxesOf(place.served.api, a)
    const context = await place.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
    const page = await context.newPage()
    let full = true
    // The core's own answer to SQLITE_FULL, given in its place.
    await page.routeWebSocket(/\/rpc/, (socket) => {
      const server = socket.connectToServer()
      socket.onMessage((message) => {
        const call = JSON.parse(String(message)) as { type: string; id: number; method?: string }
        if (full && call.method === 'annotations.apply') {
          const error = { code: 'disk-full', message: 'The disk is full. Free some space and save again.' }
          socket.send(JSON.stringify({ type: 'error', id: call.id, error }))
        } else server.send(message)
      })
    })
    await page.goto(place.served.url)
    await page.goto(`${new URL(place.served.url).origin}/#label?sample=${a}`)
    await shown(page, 1)
    const at = await mapping(page, 320, 240)
    await drawBox(page, at, [200, 150, 300, 230], 'dog')
    const alert = page.getByRole('alert').filter({ hasText: 'Not saved: Draw box' })
    await see(alert).toContainText('The disk is full. Free some space and save again.')
    await see(page.locator('.stored')).toHaveText('Not saved')
    // Leaving the image would leave the draft behind.
    await page.keyboard.press('d')
    await see(page.getByText('is not saved yet')).toBeVisible()
    await shown(page, 1)
    expect(await boxesOf(place.served.api, a)).toEqual(before)
    full = false
    await alert.getByRole('button', { name: 'Save again' }).click()
    await see(alert).toHaveCount(0)
    await stored(page)
    expect(await boxesOf(place.served.api, a)).toEqual([...before, 'dog 200,150,300,230'].sort())
    await context.close()
  },
)

browser.test('a gesture whose answer was lost with the connection is stored once, not twice', async () => {
  const ids = await samplesByName(place.served.api)
  const b = ids.get('b.png')!
  const before = await boxesOf(place.served.api, b)
  const context = await place.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
  const page = await context.newPage()
  let cut = false
  await page.routeWebSocket(/\/rpc/, (socket) => {
    const server = socket.connectToServer()
    let doomed: number | null = null
    socket.onMessage((message) => {
      const call = JSON.parse(String(message)) as { id: number; method?: string }
      if (cut && call.method === 'annotations.apply') doomed = call.id
      server.send(message)
    })
    server.onMessage((message) => {
      const answer = JSON.parse(String(message)) as { type: string; id?: number }
      if (doomed !== null && answer.type === 'result' && answer.id === doomed) {
        cut = false
        void socket.close({ code: 3001 })
        return
      }
      socket.send(message)
    })
  })
  await page.goto(place.served.url)
  await page.goto(`${new URL(place.served.url).origin}/#label?sample=${b}`)
  await shown(page, 2)
  const at = await mapping(page, 320, 240)
  cut = true
  await drawBox(page, at, [100, 100, 180, 200], 'cat')
  await stored(page)
  await see.poll(() => boxesOf(place.served.api, b)).toEqual([...before, 'cat 100,100,180,200'].sort())
  await see(objects(page)).toHaveCount(before.length + 1)
  await context.close()
})

browser.test('a missing image is shown as missing, its objects stay, and it can be tried again', async () => {
  const { renameSync } = await import('node:fs')
  const { join } = await import('node:path')
  const ids = await samplesByName(place.served.api)
  const file = join(place.images, 'c.png')
  renameSync(file, `${file}.away`)
  await place.served.api.media.checkFiles()
  const page = await place.open({ hash: `label?sample=${ids.get('a.png')}` })
  await page.locator(`[data-sample="${ids.get('c.png')}"]`).click()
  await see(page.getByRole('heading', { name: 'The image file is missing' })).toBeVisible()
  await see(page.getByRole('button', { name: 'Find missing files…' })).toBeVisible()
  await see(page.getByRole('gridcell', { name: /c\.png, File missing/ })).toBeVisible()
  await see(objects(page)).not.toHaveCount(0)
  renameSync(`${file}.away`, file)
  await page.getByRole('button', { name: 'Try again' }).click()
  await shown(page, 3)
  await page.context().close()
})

browser.test('what a model says of the next image is on the canvas, also when it comes before the image', async () => {
  const second = [...(await samplesByName(place.served.api)).values()][1]
  const { labels } = await place.served.api.labels.list()
  await place.served.stop()
  const store = openStore(place.project)
  const box: [number, number, number, number] = [200, 140, 260, 200]
  putPredictions(store.db, 'boats.onnx', [{ sampleId: second, detections: [{ label: labels[0].id, score: 0.9, box }] }])
  store.close()
  await place.restart()

  const page = await (await place.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' })).newPage() // prettier-ignore
  // The image's facts wait until the predictions are there.
  let holding = false
  const held: (() => void)[] = []
  await page.routeWebSocket(/.*/, (window) => {
    const core = window.connectToServer()
    window.onMessage((message) => {
      if (holding && String(message).includes('"media.info"')) held.push(() => core.send(message))
      else core.send(message)
    })
    core.onMessage((message) => {
      window.send(message)
      if (!holding || !/"predictions":\[\{/.test(String(message))) return
      holding = false
      for (const release of held.splice(0)) release()
    })
  })
  await page.goto(place.served.url)
  await page.goto(`${new URL(place.served.url).origin}/#label`)
  await shown(page, 1)
  holding = true
  await page.keyboard.press('d')
  await shown(page, 2)
  expect(holding).toBe(false)
  const before = await objects(page).count()
  const at = await mapping(page, 320, 240)
  const { x, y } = at(230, 170)
  await page.mouse.click(x, y)
  await page.keyboard.press('Enter')
  await see(objects(page)).toHaveCount(before + 1)
  await see(objects(page).getByRole('button', { name: /^cat Box 60 × 60 at 200, 140/ })).toBeVisible()
  await page.context().close()
})
