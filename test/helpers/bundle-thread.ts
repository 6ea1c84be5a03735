import { mkdirSync, mkdtempSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'vite'

const root = resolve(import.meta.dirname, '../..')

/** Bundles the entry of a thread beside the project's node_modules, where it finds sharp. Answers the file. */
export async function bundleThread(entry: string): Promise<string> {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const outDir = mkdtempSync(join(root, '.cache/thread-'))
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { '@shared': join(root, 'src-shared') } },
    ssr: { noExternal: true, external: ['sharp'] },
    build: {
      ssr: true,
      outDir,
      emptyOutDir: true,
      rolldownOptions: {
        input: { entry: join(root, entry) },
        output: { entryFileNames: '[name].mjs' },
      },
    },
  })
  return join(outDir, 'entry.mjs')
}
