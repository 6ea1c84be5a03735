/** `npx node scripts/bench-augment.mjs`: bundles and runs test/bench/augment-cost.ts. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'vite'

const root = resolve(import.meta.dirname, '..')
const outDir = mkdtempSync(join(tmpdir(), 'tagwright-bench-'))
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
    rolldownOptions: {
      input: { bench: join(root, 'test/bench/augment-cost.ts') },
      output: { entryFileNames: '[name].mjs' },
    },
  },
})
await import(join(outDir, 'bench.mjs'))
