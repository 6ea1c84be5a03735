/** The frame around the views: palette, keys, theme, language, what survives a restart, a connection that breaks. */
import { join } from 'node:path'
import type { WebSocketRoute } from '@playwright/test'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeImages, see } from '../../helpers/annotator-window'
import { need } from '../../helpers/need'
import { createWindowHost, type WindowHost } from '../../helpers/window-host'

const browser = need('browser')

browser.describe('the frame', () => {
  let host: WindowHost
  beforeAll(async () => {
    host = await createWindowHost(browser.path)
    await makeImages(join(host.folder, 'pictures'), [{ path: 'first.png' }, { path: 'second.png' }])
  })
  afterAll(() => host.close())

  it('finds actions, views and images in the palette by keyboard alone', async () => {
    const page = await host.open()
    await page.getByRole('button', { name: /New project/ }).click()
    await page.getByLabel('Name').fill('Frame')
    await see(page.getByLabel('Project folder')).toHaveValue(/Frame/)
    await page.getByRole('button', { name: 'Create project' }).click()
    await page.getByRole('button', { name: 'Add folder' }).click()
    const picker = page.getByRole('dialog', { name: 'Folder to import' })
    await picker.getByLabel('Path').fill(join(host.folder, 'pictures'))
    await picker.getByLabel('Path').press('Enter')
    await see(picker.getByRole('option', { name: /first/ })).toBeVisible()
    await picker.getByRole('button', { name: 'Choose this folder' }).click()
    await page.getByRole('dialog', { name: 'Import' }).getByRole('button', { name: 'Import', exact: true }).click()
    await page.getByRole('dialog', { name: 'Imported' }).getByRole('button', { name: 'Close' }).last().click()

    await page.keyboard.press('Control+k')
    const field = page.getByRole('combobox', { name: 'Command palette' })
    await see(field).toBeFocused()
    await page.keyboard.type('data')
    await see(page.getByRole('dialog').getByRole('option', { selected: true })).toContainText('Data')
    await page.keyboard.press('Enter')
    await see(page).toHaveURL(/#data/)
    await see(field).toHaveCount(0)

    await page.keyboard.press('Control+k')
    await page.keyboard.type('second')
    await see(page.getByRole('option', { name: /second\.png/ })).toBeVisible()
    await page.keyboard.press('Enter')
    await see(page).toHaveURL(/#label\?sample=\d+/)

    await page.keyboard.press('Control+k')
    await page.keyboard.press('Escape')
    await see(field).toHaveCount(0)
    expect(host.faults).toEqual([])
  })

  it('remaps a key, warns of a conflict, keeps it for every window, and resets it', async () => {
    const page = await host.open({ hash: 'settings?part=keys' })
    const row = page.locator('[data-action="edit.history"]')
    await row.getByRole('button', { name: /Add keys/ }).click()
    await page.keyboard.press('Control+k')
    await see(row.getByText('also means: Command palette')).toBeVisible()
    await row
      .getByRole('button', { name: /Remove these keys/ })
      .last()
      .click()
    await row.getByRole('button', { name: /Add keys/ }).click()
    await page.keyboard.press('Alt+h')
    await see(row.getByText('also means')).toHaveCount(0)
    await page.keyboard.press('Alt+h')
    await see(page.getByRole('complementary', { name: 'History' })).toBeVisible()
    await page.keyboard.press('Alt+h')
    await see(page.getByRole('complementary', { name: 'History' })).toHaveCount(0)

    // A window of its own: what is kept is kept by the core, not by this browser.
    const other = await host.open({ hash: 'settings?part=keys' })
    const same = other.locator('[data-action="edit.history"]')
    await see(same.locator('kbd').filter({ hasText: /^H$/ })).toBeVisible()
    await same.getByRole('button', { name: /Back to the usual keys/ }).click()
    // The first window follows.
    await see(row.locator('kbd').filter({ hasText: /^H$/ })).toHaveCount(0)
    expect(host.faults).toEqual([])
  })

  it('leaves keys to text fields and dialogs', async () => {
    const page = await host.open({ hash: 'settings?part=keys' })
    await page.getByLabel('Find a shortcut').click()
    await page.keyboard.type('a?')
    await see(page.getByLabel('Find a shortcut')).toHaveValue('a?')
    await see(page.getByRole('dialog')).toHaveCount(0)
    await page.getByRole('heading', { name: 'Keys', exact: true }).click()
    await page.keyboard.press('Shift+?')
    await see(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible()
    await page.keyboard.press('Escape')
    await see(page.getByRole('dialog')).toHaveCount(0)
  })

  it('switches theme and language at once and for good', async () => {
    const page = await host.open({ hash: 'settings', colorScheme: 'light' })
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    await see(page.locator('html')).toHaveAttribute('data-theme', 'light')
    const light = await background()
    await page.getByLabel('Theme').selectOption('dark')
    await see(page.locator('html')).toHaveAttribute('data-theme', 'dark')
    await see.poll(background).not.toBe(light)
    await page.getByLabel('Language').selectOption({ label: '中文' })
    await see(page.getByRole('heading', { name: '设置' })).toBeVisible()
    await see(page.locator('html')).toHaveAttribute('lang', 'zh-CN')

    const stored = await host.open({ hash: 'settings', colorScheme: 'light' })
    await see(stored.getByRole('heading', { name: '设置' })).toBeVisible()
    await see(stored.locator('html')).toHaveAttribute('data-theme', 'dark')
    await stored.getByLabel('语言').selectOption({ label: 'English' })
    await stored.getByLabel('Theme').selectOption('auto')
    await see(page.getByRole('heading', { name: 'Settings' })).toBeVisible()
    expect(host.faults).toEqual([])
  })

  it('dials again when the connection breaks, and shows what has changed meanwhile', async () => {
    const page = await host.open()
    const sockets: WebSocketRoute[] = []
    await page.routeWebSocket(/\/rpc$/, (socket) => {
      socket.connectToServer()
      sockets.push(socket)
    })
    await page.reload()
    await see(page.getByText('Connected', { exact: true })).toBeVisible()
    const before = sockets.length
    await sockets.at(-1)!.close({ code: 1011, reason: 'cut' })
    await see.poll(() => sockets.length).toBeGreaterThan(before)
    await see(page.getByText('Connected', { exact: true })).toBeVisible()
    // Events are subscribed anew: a change made elsewhere arrives.
    const other = await host.open({ hash: 'settings', colorScheme: 'light' })
    await other.getByLabel('Theme').selectOption('dark')
    await see(page.locator('html')).toHaveAttribute('data-theme', 'dark')
    await other.getByLabel('Theme').selectOption('auto')
  })

  it('says that the server is gone, and what to do when another one has come', async () => {
    const page = await host.open()
    await see(page.getByText('Connected', { exact: true })).toBeVisible()
    await host.stopServer()
    await see(page.getByText(/The connection to the core is lost/)).toBeVisible()
    await host.startServer()
    // A new server has a new token: the old window cannot get in, and says how to.
    await see(page.getByText(/Open the address that it printed/)).toBeVisible()
    const next = await host.open()
    await see(next.getByText('Connected', { exact: true })).toBeVisible()
  })
})
