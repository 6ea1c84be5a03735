/** What users of LabelImg complained about for years, one test for each cluster of threads; none of it may come back. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { afterAll, beforeAll, expect } from 'vitest'
import {
  boxesOf,
  chooseLabel,
  createWorkplace,
  drag,
  drawBox,
  mapping,
  samplesByName,
  see,
  shown,
  stored,
  type At,
  type Workplace,
} from '../../helpers/annotator-window'
import { need } from '../../helpers/need'

const browser = need('browser')
const test = browser.test
const names = ['buoy_1.png', 'harbour 2.png', 'turned_3.jpg', '港口_4.png', 'empty_5.png']
const labels = ['ship', 'buoy', 'gull']
let place: Workplace
let page: Page
let ids: Map<string, number>
let at: At
const faults: string[] = []

beforeAll(async () => {
  if (!browser.available) return
  place = await createWorkplace(browser.path, {
    images: names.map((path) => ({ path, ...(path.startsWith('turned') ? { orientation: 6 } : {}) })),
    labels,
  })
  ids = await samplesByName(place.served.api)
  page = await place.open()
  page.on('pageerror', (error) => faults.push(error.message))
  at = await mapping(page, 320, 240)
})
afterAll(() => place?.close())

const go = async (name: string) => {
  await page.locator(`[data-sample="${ids.get(name)}"]`).click()
  await shown(page, (await place.served.api.samples.ids({ sort: 'name' })).ids.indexOf(ids.get(name)!) + 1)
  at = await mapping(page, ...((name.startsWith('turned') ? [240, 320] : [320, 240]) as [number, number]))
}
const boxes = (name: string) => boxesOf(place.served.api, ids.get(name)!)
const list = (name: string) => place.served.api.annotations.list({ sample: ids.get(name)! })
const objects = () => page.getByRole('region', { name: 'Objects' }).getByRole('listitem')
async function exported(format: string, folder: string): Promise<string> {
  const out = join(place.folder, folder)
  const { job } = await place.served.api.datasets.export({ format, out, images: 'copy' })
  const { status, error } = await place.served.api.jobs.wait({ job })
  expect(status, error?.message).toBe('done')
  return out
}
const find = (folder: string, name: string): string =>
  join(
    folder,
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((file) => file.endsWith(name))!,
  )

test('cluster 1: nothing crashes at fractional positions while zooming, scrolling and drawing', async () => {
  await go('buoy_1.png')
  const middle = at(160, 120)
  await page.mouse.move(middle.x + 0.4, middle.y + 0.7)
  for (const delta of [-240, -120, 360, -333, 120, 57]) await page.mouse.wheel(0, delta)
  await page.keyboard.down('Shift')
  await page.mouse.wheel(0, 77)
  await page.keyboard.up('Shift')
  for (const keys of ['Control+=', 'Control+-', 'Control+0', 'Control+Shift+f', 'Control+f'])
    await page.keyboard.press(keys)
  await drawBox(page, at, [10.4, 20.2, 60.3, 70.4], 'ship')
  await stored(page)
  expect(await boxes('buoy_1.png')).toEqual(['ship 10,20,60,70'])
  expect(faults).toEqual([])
})

test('cluster 2: the class list keeps its order, whatever is drawn in whichever order', async () => {
  await drawBox(page, at, [100, 20, 150, 70], 'gull')
  await drawBox(page, at, [200, 20, 250, 70], 'kite')
  await stored(page)
  const order = (await place.served.api.labels.list()).labels.map((label) => label.name)
  expect(order).toEqual(['ship', 'buoy', 'gull', 'kite'])
  const folder = await exported('yolo', 'order')
  const lines = readFileSync(find(folder, 'buoy_1.txt'), 'utf8').trim().split('\n').map((line) => line.split(' ')[0]) // prettier-ignore
  expect(lines.sort()).toEqual(['0', '2', '3'])
  const { text } = await place.served.api.labels.toFile({})
  expect(text.trim().split('\n')).toEqual(order)
})

test('cluster 3: leaving by the gallery, duplicating and closing the window lose nothing', async () => {
  await go('harbour 2.png')
  await drawBox(page, at, [20, 30, 80, 90], 'ship')
  await page.keyboard.press('Control+d')
  await see(objects()).toHaveCount(2)
  await go('buoy_1.png')
  expect(await boxes('harbour 2.png')).toHaveLength(2)
  await go('harbour 2.png')
  await see(objects()).toHaveCount(2)
  await page.keyboard.press('Control+s')
  await see(page.getByText('Everything is saved')).toBeVisible()
  const other = await place.open({ hash: `label?sample=${ids.get('empty_5.png')}` })
  const on = await mapping(other, 320, 240)
  await drawBox(other, on, [5, 5, 25, 25], 'gull')
  await other.context().close()
  await see.poll(() => boxes('empty_5.png')).toEqual(['gull 5,5,25,25'])
  await place.served.api.history.undo()
})

test('cluster 4: a photograph with EXIF orientation is labelled upright and exported right', async () => {
  await go('turned_3.jpg')
  await see(page.locator('#status-view')).toContainText('240 × 320')
  await drawBox(page, at, [30, 200, 90, 300], 'ship')
  await stored(page)
  expect(await boxes('turned_3.jpg')).toEqual(['ship 30,200,90,300'])
  const xml = readFileSync(find(await exported('voc', 'exif'), 'turned_3.xml'), 'utf8')
  expect(xml).toMatch(/<width>240<\/width>\s*<height>320<\/height>/)
  expect(xml).toMatch(/<ymax>300<\/ymax>/)
})

test('cluster 5: names in any script, of files and of labels', async () => {
  await go('港口_4.png')
  await drawBox(page, at, [40, 50, 140, 150], '帆船 ⛵')
  await stored(page)
  expect(await boxes('港口_4.png')).toEqual(['帆船 ⛵ 40,50,140,150'])
  await see(objects().getByRole('button', { name: /^帆船 ⛵ Box/ })).toBeVisible()
  const folder = await exported('voc', 'script')
  expect(readFileSync(find(folder, '港口_4.xml'), 'utf8')).toContain('<name>帆船 ⛵</name>')
})

test('cluster 6: undo and redo have no end', async () => {
  await go('empty_5.png')
  for (let i = 0; i < 12; i++) await drawBox(page, at, [10 + i * 20, 10, 25 + i * 20, 40], 'buoy')
  await stored(page)
  const drawn = await boxes('empty_5.png')
  expect(drawn).toHaveLength(12)
  for (let i = 0; i < 12; i++) await page.keyboard.press('Control+z')
  await see(objects()).toHaveCount(0)
  for (let i = 0; i < 12; i++) await page.keyboard.press('Control+Shift+z')
  await see(objects()).toHaveCount(12)
  expect(await boxes('empty_5.png')).toEqual(drawn)
  for (let i = 0; i < 12; i++) await page.keyboard.press('Control+z')
  await see(objects()).toHaveCount(0)
})

test('cluster 7: rotated boxes, polygons and landmarks', async () => {
  const api = place.served.api
  const [gull] = (await api.labels.list()).labels.filter((label) => label.name === 'gull')
  const skeleton = { names: ['beak', 'tail'], edges: [[0, 1] as [number, number]], flip: [0, 1], sigmas: [0.05, 0.05] }
  await api.labels.setSkeleton({ label: gull.id, skeleton })
  await page.keyboard.press('p')
  for (const [x, y] of [[20, 20], [80, 25], [50, 80]]) await page.mouse.click(at(x, y).x, at(x, y).y) // prettier-ignore
  await page.keyboard.press('Enter')
  await chooseLabel(page, 'ship')
  await page.keyboard.press('r')
  await drag(page, at(120, 40), at(200, 40))
  const rotated = at(160, 80)
  await page.mouse.click(rotated.x, rotated.y)
  await chooseLabel(page, 'buoy')
  await page.keyboard.press('k')
  // Only one label has a skeleton: there is nothing to ask.
  await drag(page, at(220, 120), at(300, 200))
  await see(objects()).toHaveCount(3)
  await stored(page)
  const kinds = (await list('empty_5.png')).annotations.map((one) => one.shape.kind).sort()
  expect(kinds).toEqual(['keypoints', 'polygon', 'rotated-box'])
  for (let i = 0; i < 3; i++) await page.keyboard.press('Control+z')
  await see(objects()).toHaveCount(0)
})

test('cluster 8: several objects are moved at once, and copied to another image', async () => {
  await go('harbour 2.png')
  const before = (await list('harbour 2.png')).annotations.map((one) => one.shape)
  await page.keyboard.press('Control+a')
  await see(page.getByRole('heading', { name: '2 objects selected' })).toBeVisible()
  await page.keyboard.press('Shift+ArrowRight')
  await stored(page)
  const moved = (await list('harbour 2.png')).annotations.map((one) => one.shape)
  for (const [i, shape] of moved.entries()) {
    if (shape.kind !== 'box' || before[i].kind !== 'box') throw new Error('not a box')
    expect(shape.box[0]).toBe(before[i].box[0] + 10)
  }
  await page.keyboard.press('Control+c')
  await go('empty_5.png')
  await page.keyboard.press('Control+v')
  await see(objects()).toHaveCount(2)
  await page.keyboard.press('Control+z')
  await see(objects()).toHaveCount(0)
  // The shapes of the image before, with its file untouched.
  const source = await boxes('港口_4.png')
  await go('港口_4.png')
  await page.keyboard.press('Control+Shift+v')
  await see(objects()).toHaveCount(source.length + (await boxes('turned_3.jpg')).length)
  await page.keyboard.press('Control+z')
  await see(objects()).toHaveCount(source.length)
})

test('cluster 9: digits pick classes, a key marks difficult, and every key can be changed', async () => {
  await go('harbour 2.png')
  await page.keyboard.press('Escape')
  await page.keyboard.press('2')
  await drag(page, at(200, 150), at(260, 200))
  await see(objects()).toHaveCount(3)
  expect(await boxes('harbour 2.png')).toContain('buoy 200,150,260,200')
  await page.keyboard.press('3')
  await see.poll(() => boxes('harbour 2.png')).toContain('gull 200,150,260,200')
  await page.keyboard.press('Shift+d')
  await see(page.getByRole('checkbox', { name: 'difficult' })).toBeChecked()
  await stored(page)
  expect((await list('harbour 2.png')).annotations.filter((one) => one.flags.difficult)).toHaveLength(1)
  await page.keyboard.press('Delete')
  await see(objects()).toHaveCount(2)
  await page.keyboard.press('Escape')

  const other = await place.open({ hash: `label?sample=${ids.get('harbour 2.png')}` })
  const number = await other.locator('.tool-bar .place').first().innerText()
  await other.evaluate(() => {
    const stored = JSON.parse(localStorage.getItem('tagwright.preferences') ?? '{}') as object
    localStorage.setItem('tagwright.preferences', JSON.stringify({ ...stored, keymap: { 'label.next': ['j'] } }))
  })
  await other.reload()
  await shown(other)
  await other.keyboard.press('d')
  await other.keyboard.press('j')
  await shown(other, Number(number.split(' / ')[0]) + 1)
  await other.context().close()
})

test('cluster 10: how far one is, the next without labels, and any image by its number', async () => {
  await go('buoy_1.png')
  await see(page.getByRole('button', { name: '1 / 5' })).toBeVisible()
  await page.keyboard.press('n')
  await see(page.locator('#status-view')).toContainText('empty_5.png')
  await page.keyboard.press('Control+g')
  await see(page.getByRole('dialog').getByRole('textbox')).toBeFocused()
  await page.keyboard.type('3')
  await page.keyboard.press('Enter')
  await shown(page, 3)
  await page.keyboard.press('Control+g')
  await see(page.getByRole('dialog').getByRole('textbox')).toBeFocused()
  await page.keyboard.type('buoy_')
  await page.keyboard.press('Enter')
  await shown(page, 1)
})

test('cluster 11: the zoom can be kept from image to image', async () => {
  const zoom = page.locator('.tool-bar .zoom')
  const fitted = await zoom.innerText()
  await page.keyboard.press('Shift+z')
  await page.keyboard.press('Control+0')
  await see(zoom).toHaveText('100 %')
  await page.keyboard.press('d')
  await shown(page, 2)
  await see(zoom).toHaveText('100 %')
  await page.keyboard.press('Shift+z')
  await page.keyboard.press('a')
  await shown(page, 1)
  await see(zoom).toHaveText(fitted)
})

test('cluster 12: an image without objects is told from one nobody looked at, in the project and in files', async () => {
  await go('empty_5.png')
  await page.keyboard.press('Space')
  await see(page.getByRole('gridcell', { name: 'empty_5.png, no objects, reviewed' })).toBeVisible()
  const folder = await exported('voc', 'negative')
  expect(readFileSync(find(folder, 'empty_5.xml'), 'utf8')).not.toContain('<object>')
  expect(readFileSync(find(folder, 'empty_5.xml'), 'utf8')).toContain('verified="yes"')
  expect(existsSync(find(await exported('yolo', 'negative-yolo'), 'empty_5.txt'))).toBe(true)
})

test('cluster 13: a class is renamed everywhere by one step', async () => {
  await page.evaluate(() => (location.hash = 'labels'))
  await page.getByRole('button', { name: 'ship', exact: true }).click()
  const name = page.getByRole('textbox', { name: 'Name', exact: true })
  await name.fill('vessel')
  await name.press('Enter')
  await see(page.getByRole('button', { name: 'vessel', exact: true })).toBeVisible()
  expect((await boxes('buoy_1.png')).filter((one) => one.startsWith('vessel'))).toHaveLength(1)
  expect((await boxes('harbour 2.png')).filter((one) => one.startsWith('vessel'))).toHaveLength(2)
  // In the field Ctrl+Z would be the field's own.
  await page.getByRole('button', { name: 'vessel', exact: true }).click()
  await page.keyboard.press('Control+z')
  await see(page.getByRole('button', { name: 'ship', exact: true })).toBeVisible()
  await page.evaluate(() => (location.hash = 'label'))
  await shown(page)
})

test('cluster 14: COCO is written', async () => {
  const folder = await exported('coco', 'coco')
  const file = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((one) => one.endsWith('.json'))
  const all = file.map((one) => JSON.parse(readFileSync(join(folder, one), 'utf8')) as { annotations: { bbox: number[] }[] }) // prettier-ignore
  expect(all.flatMap((one) => one.annotations).map((one) => one.bbox)).toContainEqual([10, 20, 50, 50])
})

test('cluster 15: opening and leaving an image a hundred times does not move its boxes', async () => {
  const before = await Promise.all(names.map(boxes))
  const { revision } = await place.served.api.project.info()
  await go('buoy_1.png')
  for (let i = 0; i < 50; i++) await page.keyboard.press(i % 10 < 5 ? 'd' : 'a')
  await shown(page)
  expect((await place.served.api.project.info()).revision).toBe(revision)
  expect(await Promise.all(names.map(boxes))).toEqual(before)
})

test('cluster 16: a class is proposed from the name of the file', async () => {
  const other = await place.open({ hash: `label?sample=${ids.get('buoy_1.png')}` })
  const on = await mapping(other, 320, 240)
  await other.keyboard.press('w')
  await drag(other, on(250, 150), on(300, 200))
  await see(other.getByRole('option', { name: /^buoy/ })).toHaveAttribute('aria-selected', 'true')
  await other.keyboard.press('Enter')
  await see.poll(() => boxes('buoy_1.png')).toContain('buoy 250,150,300,200')
  await other.context().close()
  expect(faults).toEqual([])
})
