/** The browser host without a project, with settings of its own, and a window on it that notes what must not happen. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from '@playwright/test'

const serverFile = resolve(import.meta.dirname, '../../out/main/server.js')

export interface WindowHost {
  /** For the test's files; projects are proposed in `projects` below it. */
  folder: string
  browser: Browser
  /** Errors of pages and violations of the content security policy; each test ends with none. */
  faults: string[]
  /** A window of its own; the address carries the token only at its first opening. */
  open(options?: BrowserContextOptions & { hash?: string }): Promise<Page>
  /** Ends the server and starts it again on the same port with the same token, as a supervisor would. */
  restart(): Promise<void>
  stopServer(): Promise<void>
  startServer(): Promise<void>
  close(): Promise<void>
}

export async function createWindowHost(program: string, args: string[] = []): Promise<WindowHost> {
  const folder = mkdtempSync(join(tmpdir(), 'tagwright-window-'))
  const browser = await chromium.launch({ executablePath: program, args })
  let child: ChildProcess
  let url = ''

  const self: WindowHost = {
    folder,
    browser,
    faults: [],
    async startServer() {
      const env = {
        ...process.env,
        PORT: url ? new URL(url).port : '0',
        TAGWRIGHT_CONFIG: join(folder, 'config'),
        TAGWRIGHT_PROJECTS: join(folder, 'projects'),
      }
      child = spawn(process.execPath, [serverFile], { env, stdio: ['ignore', 'pipe', 'pipe'] })
      let said = ''
      child.stderr!.on('data', (text) => (said += text))
      url = await new Promise<string>((found, fail) => {
        child.stdout!.on('data', (text) => {
          const line = /http:\S+/.exec(String(text))?.[0]
          if (line) found(line)
        })
        child.once('exit', (code) => fail(new Error(`The server ended with ${code}:\n${said}`)))
      })
    },
    async stopServer() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    },
    async restart() {
      await self.stopServer()
      await self.startServer()
    },
    async open({ hash = '', ...options } = {}) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        locale: 'en-GB',
        reducedMotion: 'reduce',
        ...options,
      })
      const page = await context.newPage()
      page.on('pageerror', (error) => self.faults.push(String(error.stack ?? error)))
      await page.exposeFunction('noteViolation', (text: string) => self.faults.push(text))
      await page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) => {
          const note = (globalThis as unknown as { noteViolation(text: string): void }).noteViolation
          note(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`)
        })
      })
      await page.goto(url)
      if (hash) await page.goto(`${new URL(url).origin}/#${hash}`)
      return page
    },
    async close() {
      await browser.close()
      await self.stopServer()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await self.startServer()
  return self
}
