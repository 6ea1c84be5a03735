/** From nothing to data: the wizard, an import with its report, and its undo. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeImages, see } from '../../helpers/annotator-window'
import { tinyNetwork } from '../../helpers/tiny-network'
import { need } from '../../helpers/need'
import { createWindowHost, type WindowHost } from '../../helpers/window-host'

const browser = need('browser')
/** Shown as it is, wherever a name is shown. */
const hostile = '<img src=x onerror=alert(1)>'

browser.describe('the way in', () => {
  let host: WindowHost
  beforeAll(async () => {
    host = await createWindowHost(browser.path)
    const data = join(host.folder, 'data')
    await makeImages(join(data, 'images'), [{ path: 'a.png' }, { path: 'b.png' }, { path: 'c.png' }])
    mkdirSync(join(data, 'labels'))
    writeFileSync(join(data, 'classes.txt'), `ship\n${hostile}\n`)
    writeFileSync(join(data, 'data.yaml'), `names: ['ship', '${hostile}']\ntrain: images\n`)
    writeFileSync(join(data, 'labels/a.txt'), '0 0.5 0.5 0.2 0.2\n1 0.2 0.2 0.1 0.1\n')
    // The second row has four numbers.
    writeFileSync(join(data, 'labels/b.txt'), '0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2\n')
  })
  afterAll(() => host.close())

  it('makes a project, imports a folder, reports every row that was left out, and undoes the import', async () => {
    const page = await host.open()
    await see(page.getByRole('heading', { name: 'Tagwright' })).toBeVisible()
    await page.getByRole('button', { name: /New project/ }).click()
    const wizard = page.getByRole('dialog', { name: 'New project' })
    await see(wizard.getByRole('radio', { name: /Detect objects/ })).toBeChecked()
    await wizard.getByLabel('Name').fill(`Boats ${hostile}`)
    await see(wizard.getByLabel('Project folder')).toHaveValue(/projects.Boats/)
    await wizard.getByLabel('Project folder').fill(join(host.folder, 'boats'))
    await wizard.getByRole('button', { name: 'Create project' }).click()

    const dialog = page.getByRole('dialog', { name: 'Import' })
    await see(dialog.getByRole('button', { name: 'Import', exact: true })).toBeDisabled()
    await dialog.getByRole('button', { name: 'Add folder' }).click()
    const picker = page.getByRole('dialog', { name: 'Folder to import' })
    await picker.getByLabel('Path').fill(join(host.folder, 'data'))
    await picker.getByLabel('Path').press('Enter')
    await picker.getByRole('option', { name: /images/ }).dblclick()
    await see(picker.getByText('Folders 0 · images 3 · other files 0')).toBeVisible()
    await picker.getByRole('button', { name: 'Parent folder' }).click()
    await see(picker.getByRole('option', { name: /images/ })).toBeVisible()
    await picker.getByRole('button', { name: 'Choose this folder' }).click()
    await see(dialog.getByLabel('Format').locator('option:checked')).toHaveText(/Found: YOLO/)
    // The wizard ends here: every format can be chosen, and one whose files name no class asks for it.
    const label = dialog.getByLabel('Class', { exact: true })
    await see(label).toHaveCount(0)
    await dialog.getByLabel('Format').selectOption({ label: 'DeepLabCut CSV' })
    await see(label).toHaveAttribute('placeholder', 'animal')
    await dialog.getByLabel('Format').selectOption('auto')
    await dialog.getByRole('button', { name: 'Import', exact: true }).click()

    const report = page.getByRole('dialog', { name: 'Imported' })
    await see(report).toBeVisible()
    await see(report.locator('dl')).toContainText(/3\s*new images/)
    await see(report.locator('dl')).toContainText(/3\s*new annotations/)
    await see(report.getByText('1 row left out')).toBeVisible()
    const row = report.getByRole('row').filter({ hasText: 'labels/b.txt' })
    await see(row.getByRole('cell').nth(1)).toHaveText('2')
    await report.getByLabel('Search file or message').fill('nothing like that')
    await see(report.getByText('Nothing matches.')).toBeVisible()

    await report.getByRole('button', { name: 'Undo this import' }).click()
    await see(page.getByText('The import was taken out.')).toBeVisible()
    await page.locator('[data-view=data]').hover()
    await see(page.locator('.n-tooltip')).toBeVisible()
    await page.locator('[data-view=data]').click()
    // Its name has been read and does not cover what opened.
    await see(page.locator('.n-tooltip')).toBeHidden()
    await see(page.getByRole('heading', { name: 'No images yet' })).toBeVisible()
    // It is a step like any other: undo brings the data back.
    await page.getByRole('button', { name: 'Undo', exact: true }).click()
    await see(page.getByRole('cell', { name: 'ship' })).toBeVisible()

    // Names of projects and classes are text, whatever they hold.
    await see(page.getByRole('button', { name: `Boats ${hostile}` })).toBeVisible()
    await see(page.getByRole('cell', { name: hostile })).toBeVisible()
    await see(page.locator('img[src="x"]')).toHaveCount(0)
    expect(host.faults).toEqual([])
  })

  it('lists the project among the recent ones and opens it again', async () => {
    await host.restart()
    const page = await host.open()
    await page
      .getByRole('button', { name: `Boats ${hostile}`, exact: false })
      .filter({ hasText: 'boats' })
      .click()
    await see(page).toHaveURL(/#label/)
    await see(page).toHaveTitle(new RegExp('Boats'))
    expect(host.faults).toEqual([])
  })

  it('leaves a person who goes elsewhere while a project opens where they went', async () => {
    await host.restart()
    const page = await host.open()
    const recent = page.getByRole('button', { name: `Boats ${hostile}`, exact: false }).filter({ hasText: 'boats' })
    // Both in one turn: the project cannot be open before the second click.
    await recent.evaluate((button: HTMLElement) => {
      button.click()
      document.querySelector<HTMLElement>('nav [data-view=settings]')!.click()
    })
    await see(page).toHaveTitle(new RegExp('Boats'))
    await see(page.locator('nav [data-view=data]')).not.toHaveAttribute('aria-disabled', 'true')
    // A late move would come now; a longer wait could only find more.
    await page.waitForTimeout(500)
    await see(page.locator('nav [data-view=settings]')).toHaveAttribute('aria-current', 'page')
    expect(new URL(page.url()).hash).toMatch(/^#settings/)
    expect(host.faults).toEqual([])
  })

  it('takes files dropped on the window by sending them to the core', async () => {
    const page = await host.open({ hash: 'data' })
    const image = await (await import('node:fs/promises')).readFile(join(host.folder, 'data/images/c.png'))
    const transfer = await page.evaluateHandle(
      (bytes) => {
        const data = new DataTransfer()
        data.items.add(new File([new Uint8Array(bytes)], 'dropped.png', { type: 'image/png' }))
        return data
      },
      [...image],
    )
    await see(page.getByRole('heading', { name: 'Statistics' })).toBeVisible()
    for (const type of ['dragenter', 'dragover', 'drop'])
      await page.dispatchEvent('body', type, { dataTransfer: transfer })
    const dialog = page.getByRole('dialog', { name: 'Import' })
    await see(dialog.getByText('1 file to send')).toBeVisible()
    await dialog.getByRole('button', { name: 'Import', exact: true }).click()
    await see(page.getByRole('dialog', { name: 'Imported' }).locator('dl')).toContainText(/1\s*new image/)
    expect(host.faults).toEqual([])
  })

  it('opens a dropped model in the viewer and a dropped video in the video view', async () => {
    const page = await host.open({ hash: 'data' })
    await see(page.getByRole('heading', { name: 'Statistics' })).toBeVisible()
    const drop = async (name: string, type: string, bytes: Uint8Array) => {
      const dataTransfer = await page.evaluateHandle(
        ([of, kind, list]) => {
          const data = new DataTransfer()
          data.items.add(new File([new Uint8Array(list)], of, { type: kind }))
          return data
        },
        [name, type, [...bytes]] as const,
      )
      for (const event of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent('body', event, { dataTransfer })
    }
    await drop('boats.onnx', '', tinyNetwork())
    await see(page.getByText('boats was added to the start weights.')).toBeVisible()
    await see(page.locator('#view').getByRole('heading', { name: 'boats.onnx' })).toBeVisible()
    await drop('broken.onnx', '', Buffer.from('<html>'))
    await see(page.getByText(/broken\.onnx is not a usable ONNX|not a usable ONNX model/).first()).toBeVisible()
    await drop('film.webm', 'video/webm', Buffer.from('no video'))
    await see(page.locator('nav [data-view=video]')).toHaveAttribute('aria-current', 'page')
    await see(page.getByRole('dialog', { name: 'Import' })).toHaveCount(0)
    expect(host.faults).toEqual([])
  })
})
