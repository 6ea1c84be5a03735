/** Every view of the activity bar passes axe's rules for WCAG 2.1 A and AA, light and dark, with and without data. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { see } from '../../helpers/annotator-window'
import { need } from '../../helpers/need'
import { createWindowHost, type WindowHost } from '../../helpers/window-host'

const browser = need('browser')

/** `rule: selector, selector`, so that a failure says what to mend. */
async function scan(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']).analyze()
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)
}

browser.describe('every view', () => {
  let host: WindowHost
  beforeAll(async () => {
    host = await createWindowHost(browser.path)
    const page = await host.open()
    await page.getByRole('button', { name: /Open the sample project/ }).click()
    await page.locator('nav [data-view=data]').click()
    // The statistics are there when the painted images are.
    await see(page.getByRole('heading', { name: 'Classes' })).toBeVisible({ timeout: 110_000 })
  })
  afterAll(() => host.close())

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`passes in the ${colorScheme} theme`, async () => {
      const page = await host.open({ colorScheme })
      await see(page.locator('html')).toHaveAttribute('data-theme', colorScheme)
      await see(page.locator('nav [data-view=data]')).toBeVisible()
      const views = await page
        .locator('nav [data-view]')
        .evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.view!))
      expect(views.length).toBeGreaterThan(2)
      const found: Record<string, string[]> = {}
      for (const view of views) {
        await page.locator(`nav [data-view=${view}]`).click()
        await see(page.locator(`nav [data-view=${view}]`)).toHaveAttribute('aria-current', 'page')
        await see(page.locator('#view > *').first()).toBeVisible()
        await page.waitForLoadState('networkidle')
        const problems = await scan(page)
        if (problems.length > 0) found[view] = problems
      }
      await page.goto(`${page.url().split('#')[0]}#data?part=gains`)
      await see(page.getByRole('heading', { name: 'What would more labels bring?' })).toBeVisible()
      const problems = await scan(page)
      if (problems.length > 0) found.gains = problems
      expect(found).toEqual({})
    })
  }

  it('keeps the options of the tool bar within reach in narrow windows, as in a browser at 150 %', async () => {
    const page = await host.open()
    await page.locator('nav [data-view=label]').click()
    const options = page.getByRole('button', { name: 'Canvas options' })
    for (const width of [1280, 1024, 853]) {
      await page.setViewportSize({ width, height: 640 })
      await see(options).toBeVisible()
      await see.poll(async () => (await options.boundingBox())!.x + (await options.boundingBox())!.width).toBeLessThan(width) // prettier-ignore
    }
    await options.click()
    await see(page.getByRole('group', { name: 'Canvas options' })).toBeVisible()
    await page.close()
  })

  it('passes with dialogs open', async () => {
    const page = await host.open()
    const open: [name: string, keys: string][] = [
      ['palette', 'Control+k'],
      ['shortcuts', 'F1'],
      ['import', 'Control+i'],
    ]
    await see(page.getByRole('heading', { name: 'Tagwright' })).toBeVisible()
    for (const [name, keys] of open) {
      await page.keyboard.press(keys)
      await see(page.getByRole('dialog')).toBeVisible()
      expect([name, ...(await scan(page))]).toEqual([name])
      await page.keyboard.press('Escape')
      await see(page.getByRole('dialog')).toHaveCount(0)
    }
    expect(host.faults).toEqual([])
  })
})
