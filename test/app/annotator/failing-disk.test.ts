/** A disk that is really full, and one that is really read-only, as the person in front of the window meets them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, type TestContext } from 'vitest'
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
import { need } from '../../helpers/need'
import { canMount, mountSmallDisk, type SmallDisk } from '../../helpers/small-disk'

const browser = need('browser')
const why = canMount ? '' : ' [needs root on Linux]'
let folder: string
let disk: SmallDisk | null
let place: Workplace | null = null

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-disk-'))
  disk = canMount ? mountSmallDisk(join(folder, 'disk'), '24m') : null
})
afterEach(async () => {
  disk?.readOnly(false)
  disk?.free()
  await place?.close()
  place = null
  disk?.unmount()
  rmSync(folder, { recursive: true, force: true })
})

async function onDisk(context: TestContext): Promise<{ disk: SmallDisk; place: Workplace }> {
  if (!browser.available || !disk) return context.skip(browser.available ? `no disk can be mounted${why}` : '')
  place = await createWorkplace(browser.path, {
    images: [{ path: 'a.png' }],
    labels: ['cat'],
    disk: join(folder, 'disk'),
  })
  return { disk, place }
}

browser.test(
  `a full disk: the box stays on the canvas and is stored when there is room again${why}`,
  async (context) => {
    const { disk, place } = await onDisk(context)
    const sample = (await samplesByName(place.served.api)).get('a.png')!
    const page = await place.open()
    const at = await mapping(page, 320, 240)
    await drawBox(page, at, [20, 20, 80, 90], 'cat')
    await stored(page)
    disk.fill()
    // What the write-ahead log has room for is stored; then a box must be refused.
    const alert = page.getByRole('alert').filter({ hasText: 'Not saved: Draw box' })
    let drawn = 1
    for (; drawn < 40 && !(await alert.isVisible()); drawn++) {
      await drawBox(page, at, [100 + drawn, 20, 160 + drawn, 90], 'cat')
      await see(page.locator('.stored')).toHaveText(/^(Saved|Not saved)$/)
    }
    await see(alert).toContainText(/disk is full/i)
    const kept = await boxesOf(place.served.api, sample)
    expect(kept).toHaveLength(drawn - 1)
    disk.free()
    await alert.getByRole('button', { name: 'Save again' }).click()
    await see(alert).toHaveCount(0)
    await stored(page)
    expect(await boxesOf(place.served.api, sample)).toHaveLength(drawn)
    await page.context().close()
  },
)

browser.test(`a read-only disk: opening says so, and the project opens when it is writable${why}`, async (context) => {
  const { disk, place } = await onDisk(context)
  const { project } = place
  await place.served.stop()
  disk.readOnly(true)
  await expect(place.restart()).rejects.toThrow(/cannot be written|read-only/)
  disk.readOnly(false)
  await place.restart()
  const page = await place.open()
  await shown(page, 1)
  expect(place.project).toBe(project)
  await page.context().close()
})
