/** The real Electron, where its program is installed and there is a display; elsewhere skipped with the reason. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { _electron } from '@playwright/test'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')

function findProgram(): { program: string } | { reason: string } {
  const pathFile = join(root, 'node_modules/electron/path.txt')
  if (!existsSync(pathFile)) return { reason: 'the Electron program is not installed; npm start downloads it' }
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    return { reason: 'there is no display; run it under xvfb-run' }
  }
  const program = join(root, 'node_modules/electron/dist', readFileSync(pathFile, 'utf8').trim())
  return existsSync(program) ? { program } : { reason: `${program} is missing` }
}
const found = findProgram()
const required = (process.env.TAGWRIGHT_REQUIRE ?? '').split(',').includes('electron')
if ('reason' in found && required) throw new Error(`TAGWRIGHT_REQUIRE lists electron, but ${found.reason}.`)
const title = 'reason' in found ? `shows its window [skipped: ${found.reason}]` : 'shows its window'

describe('Electron', () => {
  test.skipIf('reason' in found)(title, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tagwright-electron-'))
    const { program } = found as { program: string }
    // Electron refuses root with a sandbox; a test machine may have no other user.
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    const app = await _electron.launch({
      executablePath: program,
      args: [...sandbox, root],
      env: { ...process.env, TAGWRIGHT_CONFIG: join(folder, 'config'), TAGWRIGHT_PROJECTS: folder } as Record<string, string>, // prettier-ignore
    })
    try {
      const window = await app.firstWindow()
      const violations: string[] = []
      window.on('console', (message) => {
        if (/Content Security Policy/i.test(message.text())) violations.push(message.text())
      })
      expect(window.url()).toMatch(/^app:\/\/tagwright\//)
      await window.waitForSelector('#app > *')
      expect(await window.evaluate('typeof require')).toBe('undefined')
      expect(await window.evaluate('typeof globalThis.tagwright.requestPort')).toBe('function')
      expect(await window.evaluate('fetch("/media/1").then((answer) => answer.status)')).toBe(409)
      expect(violations).toEqual([])
    } finally {
      await app.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
