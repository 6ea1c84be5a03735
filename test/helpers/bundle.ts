import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'vite'

const root = resolve(import.meta.dirname, '../..')

/** Bundles one TypeScript file of the tests into a file that Node can start: plain Node knows no `@shared`. */
export async function bundle(file: string): Promise<string> {
  // Inside the project, so that packages (native ones cannot be bundled) are found from there.
  mkdirSync(join(root, '.cache/test-bundles'), { recursive: true })
  const outDir = mkdtempSync(join(root, '.cache/test-bundles/'))
  process.on('exit', () => rmSync(outDir, { recursive: true, force: true }))
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { '@shared': join(root, 'src-shared') } },
    build: {
      ssr: true,
      outDir,
      emptyOutDir: true,
      target: 'node22',
      rolldownOptions: { input: { entry: file }, output: { entryFileNames: '[name].mjs' } },
    },
  })
  return join(outDir, 'entry.mjs')
}
