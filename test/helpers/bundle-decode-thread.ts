import { mkdirSync, mkdtempSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'vite'

const root = resolve(import.meta.dirname, '../..')

/** Bundles the loader's decode thread beside the project's node_modules, where it finds sharp. */
export async function bundleDecodeThread(): Promise<string> {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const outDir = mkdtempSync(join(root, '.cache/decode-thread-'))
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
        input: { entry: join(root, 'src-worker/data/decode-thread.ts') },
        output: { entryFileNames: '[name].mjs' },
      },
    },
  })
  return join(outDir, 'entry.mjs')
}
