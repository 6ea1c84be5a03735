/** The annotator without a mouse, and as a screen reader sees it. */
import { AxeBuilder } from '@axe-core/playwright'
import { afterAll, beforeAll, expect } from 'vitest'
import { boxesOf, chooseLabel, createWorkplace, samplesByName, see, stored, type Workplace } from '../../helpers/annotator-window' // prettier-ignore
import { need } from '../../helpers/need'

const browser = need('browser')
let place: Workplace
beforeAll(async () => {
  if (!browser.available) return
  place = await createWorkplace(browser.path, { images: [{ path: 'one.png' }, { path: 'two.png' }], labels: ['cat', 'dog'] }) // prettier-ignore
})
afterAll(() => place?.close())

browser.test('a box drawn by keyboard alone is found through the accessibility tree', async () => {
  const page = await place.open()
  const ids = await samplesByName(place.served.api)
  const press = async (keys: string, times: number) => {
    for (let i = 0; i < times; i++) await page.keyboard.press(keys)
  }
  await page.keyboard.press('w')
  // The cursor begins in the middle of the image: 160, 120.
  await press('Shift+ArrowLeft', 6)
  await press('Shift+ArrowUp', 4)
  await press('ArrowLeft', 3)
  await page.keyboard.press('Enter')
  await press('Shift+ArrowRight', 8)
  await press('Shift+ArrowDown', 5)
  await page.keyboard.press('Enter')
  await chooseLabel(page, 'dog')
  await stored(page)
  expect(await boxesOf(place.served.api, ids.get('one.png')!)).toEqual(['dog 97,80,177,130'])

  const tree = await page.getByRole('region', { name: 'Objects' }).ariaSnapshot()
  expect(tree).toContain('button "dog Box 80 × 50 at 97, 80" [pressed]')
  // It is selected: the arrows move it, Alt and arrows change its size, and the fields say so.
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Alt+ArrowDown')
  await see(page.getByRole('textbox', { name: 'x', exact: true })).toHaveValue('98')
  await see(page.getByRole('textbox', { name: 'Height' })).toHaveValue('51')
  // Numbers are typed, too.
  await page.getByRole('textbox', { name: 'Width' }).fill('100')
  await page.keyboard.press('Enter')
  await see.poll(() => boxesOf(place.served.api, ids.get('one.png')!)).toEqual(['dog 98,80,198,131'])
  // The list is a way to select: by Tab and arrows, without the canvas.
  await page
    .getByRole('region', { name: 'Objects' })
    .getByRole('button', { name: /^dog Box/ })
    .focus()
  await page.keyboard.press('Delete')
  await see(page.getByText('Nothing is drawn yet.')).toBeVisible()
  await page.keyboard.press('Control+z')
  await see(page.getByRole('region', { name: 'Objects' }).getByRole('listitem')).toHaveCount(1)
  await page.context().close()
})

for (const [hash, ready] of [
  ['label', '[data-canvas-state="ready"]'],
  ['labels', '.label-table'],
] as const) {
  browser.test(`axe finds nothing wrong in the view ${hash}, light and dark`, async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await place.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', colorScheme }) // prettier-ignore
      const page = await context.newPage()
      await page.goto(place.served.url)
      await page.goto(`${new URL(place.served.url).origin}/#${hash}`)
      await see(page.locator(ready)).toBeVisible()
      const { violations } = await new AxeBuilder({ page }).exclude('.status-bar').analyze()
      const found = violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`,
      )
      expect(found, colorScheme).toEqual([])
      await context.close()
    }
  })
}
