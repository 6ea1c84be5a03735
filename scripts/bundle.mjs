import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'

export const root = resolve(import.meta.dirname, '..')

/**
 * Bundles one TypeScript file with everything of this project it imports (`@shared/...`, `import.meta.glob`), leaves
 * npm packages where they are, and writes `.cache/<folder>/<name>.mjs`.
 * @param {string} source path from the project's root, such as `test/bench/train.ts`
 * @param {string} folder folder below `.cache`
 * @returns {Promise<string>} path of the bundle
 */
export async function bundle(source, folder) {
  const name = source.replace(/^.*\//, '').replace(/\.ts$/, '')
  const outDir = join(root, '.cache', folder)
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { '@shared': join(root, 'src-shared') } },
    build: {
      ssr: join(root, source),
      outDir,
      emptyOutDir: false,
      target: 'node22',
      sourcemap: 'inline',
      minify: false,
      rolldownOptions: {
        output: { format: 'es', entryFileNames: `${name}.mjs`, chunkFileNames: `${name}-[hash].mjs` },
      },
    },
  })
  return join(outDir, `${name}.mjs`)
}

/** Bundles a TypeScript file and returns what it exports. */
export async function importBundled(source, folder) {
  return import(pathToFileURL(await bundle(source, folder)).href)
}
