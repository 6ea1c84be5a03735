import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'

const at = (path: string) => resolve(import.meta.dirname, path)
const alias = { '@shared': at('src-shared') }

/** One config, every process: each entry below is one file in `out/main`. */
export default defineConfig({
  main: {
    resolve: { alias },
    build: {
      sourcemap: true,
      rolldownOptions: {
        input: {
          electron: at('src-main/entry/electron.ts'),
          core: at('src-main/entry/core.ts'),
          cli: at('src-main/entry/cli.ts'),
          server: at('src-main/entry/server.ts'),
          worker: at('src-worker/entry.ts'),
          'read-thread': at('src-main/jobs/read-thread.ts'),
          'decode-thread': at('src-worker/data/decode-thread.ts'),
        },
      },
    },
  },
  preload: {
    resolve: { alias },
    build: {
      // A sandboxed window loads one CommonJS file.
      externalizeDeps: false,
      rolldownOptions: {
        input: { preload: at('src-main/entry/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: at('src-renderer'),
    resolve: { alias },
    plugins: [vue()],
    build: {
      minify: true,
      outDir: at('out/renderer'),
      chunkSizeWarningLimit: 2000,
      rolldownOptions: {
        input: at('src-renderer/index.html'),
        output: {
          // app/csp.ts must run before any schema is made: in zod's own chunk it does, however the rest is divided.
          codeSplitting: {
            groups: [
              { name: 'zod', test: /[\\/]node_modules[\\/]zod[\\/]|[\\/]app[\\/]csp\.ts$/, priority: 1 },
              // What several views use is one file: forty small ones take longer to fetch and start than to run.
              { name: 'common', minShareCount: 3, test: (id: string) => !/[\\/](echarts|zrender|konva)[\\/]/.test(id) },
            ],
          },
        },
      },
    },
  },
})
