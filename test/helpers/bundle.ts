import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'vite'

const root = resolve(import.meta.dirname, '../..')

/** Bundles one TypeScript file of the tests into a file that Node can start: plain Node knows no `@shared`. */
export async function bundle(file: string): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'tagwright-bundle-'))
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { '@shared': join(root, 'src-shared') } },
    ssr: { noExternal: true },
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
