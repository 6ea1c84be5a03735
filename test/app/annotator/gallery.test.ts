/** The gallery: filters, sorts, choosing many, bulk actions, and a project too large to hold all of it. */
import type { Page } from '@playwright/test'
import { afterAll, beforeAll, expect } from 'vitest'
import { initStore } from '../../../src-main/store/store'
import {
  createWorkplace,
  samplesByName,
  see,
  makeImages,
  serveProject,
  shown,
  type Workplace,
} from '../../helpers/annotator-window'
import { need } from '../../helpers/need'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const browser = need('browser')
let place: Workplace
beforeAll(async () => {
  if (!browser.available) return
  const images = Array.from({ length: 12 }, (_, at) => ({ path: `img${at + 1}.png`, width: 64, height: 48 }))
  place = await createWorkplace(browser.path, { images, labels: ['cat'] })
  const ids = await samplesByName(place.served.api)
  const [cat] = (await place.served.api.labels.list()).labels
  const shape = { kind: 'box' as const, box: [5, 5, 40, 40] as [number, number, number, number] }
  await place.served.api.annotations.apply({
    reason: 'Draw box',
    changes: ['img2.png', 'img3.png'].map((name) => ({ op: 'add', sample: ids.get(name)!, label: cat.id, shape })),
  })
})
afterAll(() => place?.close())
const cell = (page: Page, name: string) => page.getByRole('gridcell', { name: new RegExp(`^${name}\\.png`) })

browser.test('images are found by name, label and progress, and stand in natural order', async () => {
  const page = await place.open()
  const names = () => page.getByRole('gridcell').locator('.caption > :first-child').allTextContents()
  await see.poll(names).toEqual(Array.from({ length: 12 }, (_, at) => `img${at + 1}.png`))
  await page.getByRole('searchbox', { name: 'Find by name' }).fill('IMG1')
  await see.poll(names).toEqual(['img1.png', 'img10.png', 'img11.png', 'img12.png'])
  await see(page.getByText('4 of 12')).toBeVisible()
  await page.getByRole('searchbox', { name: 'Find by name' }).fill('')
  await page.getByRole('button', { name: 'Filter images' }).click()
  await page.getByRole('combobox', { name: 'Label' }).selectOption({ label: 'cat' })
  await see.poll(names).toEqual(['img2.png', 'img3.png'])
  await page.getByRole('combobox', { name: 'Label' }).selectOption({ label: 'Any' })
  await page.getByRole('combobox', { name: 'Progress' }).selectOption({ label: 'Not labelled yet' })
  await see(page.getByText('10 of 12')).toBeVisible()
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await see(page.getByText('12 images')).toBeVisible()
  await page.getByRole('combobox', { name: 'Order of the images' }).selectOption({ label: 'Most objects' })
  await see.poll(async () => (await names()).slice(0, 2).sort()).toEqual(['img2.png', 'img3.png'])
  await page.context().close()
})

browser.test(
  'many images are chosen by Shift and Ctrl, and get a split, a tag, a review, or leave the project',
  async () => {
    const page = await place.open()
    const { api } = place.served
    const ids = await samplesByName(api)
    await shown(page, 1)
    await cell(page, 'img4').click()
    await shown(page, 4)
    await cell(page, 'img7').click({ modifiers: ['Shift'] })
    const bar = page.getByRole('toolbar', { name: 'Chosen images' })
    await see(bar).toContainText('4 chosen')
    await cell(page, 'img9').click({ modifiers: ['Control'] })
    await cell(page, 'img5').click({ modifiers: ['Control'] })
    await see(bar).toContainText('4 chosen')
    await bar.getByRole('button', { name: 'Set split' }).click()
    await page.locator('.n-dropdown-option').getByText('Validation', { exact: true }).click()
    const split = async (wanted: string) => (await api.samples.list({ filter: { split: wanted as 'val' } })).samples.map((one) => one.name).sort() // prettier-ignore
    await see.poll(() => split('val')).toEqual(['img4.png', 'img6.png', 'img7.png', 'img9.png'])
    await bar.getByRole('button', { name: 'Mark as reviewed' }).click()
    await see.poll(async () => (await api.project.info()).samples.reviewed).toBe(4)
    await bar.getByRole('button', { name: 'Add or remove tags…' }).click()
    const dialog = page.getByRole('alertdialog')
    await dialog.getByRole('textbox').fill('night, <i>rain</i>')
    await dialog.getByRole('button', { name: 'Set tags' }).click()
    await see
      .poll(async () => (await api.samples.get({ sample: ids.get('img9.png')! })).tags)
      .toEqual(['<i>rain</i>', 'night'])

    await bar.getByRole('button', { name: 'Choose none' }).click()
    await cell(page, 'img2').click()
    await shown(page, 2)
    await cell(page, 'img3').click({ modifiers: ['Shift'] })
    await bar.getByRole('button', { name: 'Remove from project…' }).click()
    const question = page.getByRole('alertdialog', { name: 'Remove 2 images from the project?' })
    await see(question).toContainText('2 objects go with them')
    await question.getByRole('button', { name: 'Remove from project…' }).click()
    await see(page.getByText('10 images')).toBeVisible()
    // The next image takes the place of the one that was open.
    await see(page.locator('#status-view')).toContainText('img4.png')
    await page.keyboard.press('Control+z')
    await see(page.getByText('12 images')).toBeVisible()
    expect((await api.project.info()).annotations.total).toBe(2)
    await page.context().close()
  },
)

browser.test('an image whose import is undone leaves the view, and the next one is shown', async () => {
  const { api } = place.served
  const folder = join(place.folder, 'more')
  await makeImages(folder, [{ path: 'zzz.png', width: 64, height: 48 }])
  const { job } = await api.datasets.import({ paths: [folder], format: 'images' })
  expect((await api.jobs.wait({ job })).status).toBe('done')
  const id = (await samplesByName(api)).get('zzz.png')!
  const page = await place.open({ hash: `label?sample=${id}` })
  await shown(page, 13)
  const { imports } = await api.project.imports()
  await api.project.removeImport({ import: imports.at(-1)!.id })
  await see(cell(page, 'zzz')).toHaveCount(0)
  await shown(page, 12)
  await page.context().close()
})

browser.test('images are chosen and opened by keys alone', async () => {
  const page = await place.open()
  await cell(page, 'img1').focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowDown')
  await see(cell(page, 'img4')).toBeFocused()
  await page.keyboard.press('Shift+ArrowRight')
  await see(page.getByRole('toolbar', { name: 'Chosen images' })).toContainText('5 chosen')
  await page.keyboard.press('Escape')
  await page.keyboard.press('End')
  await see(cell(page, 'img12')).toBeFocused()
  await page.keyboard.press('Enter')
  await shown(page, 12)
  await page.context().close()
})

browser.test('a hundred thousand images are listed, and any part of them is shown when it is scrolled to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tagwright-large-'))
  const store = initStore(join(folder, 'p'), {})
  const batch = store.beginImport({ source: folder, root: folder })
  batch.addSamples(Array.from({ length: 100_000 }, (_, at) => ({ key: String(at), path: `${String(at).padStart(6, '0')}.jpg`, width: 64, height: 48 }))) // prettier-ignore
  batch.finish()
  store.close()
  const served = await serveProject(join(folder, 'p'), folder)
  try {
    const context = await place.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
    const page = await context.newPage()
    await page.goto(served.url)
    await page.goto(`${new URL(served.url).origin}/#label`)
    await see(page.getByText('100,000 images')).toBeVisible()
    const grid = page.getByRole('grid', { name: 'Images' })
    await see(page.getByRole('gridcell', { name: /^000000\.jpg/ })).toBeVisible()
    for (const share of [0.5, 0.02, 1]) {
      await grid.evaluate(
        (element, to) => (element.scrollTop = (element.scrollHeight - element.clientHeight) * to),
        share,
      )
      const middle = Math.round(share * 99_999)
      await see
        .poll(async () => {
          const names = await page.getByRole('gridcell').locator('.caption > :first-child').allTextContents()
          const shownThere = names.filter(Boolean).map((name) => Number(name.slice(0, 6)))
          return shownThere.length === names.length && shownThere.some((at) => Math.abs(at - middle) < 100)
        })
        .toBe(true)
      // Only what is on screen exists.
      expect(await page.getByRole('gridcell').count()).toBeLessThan(60)
    }
    await context.close()
  } finally {
    await served.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
