import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

const alias = { '@shared': resolve(import.meta.dirname, 'src-shared') }
const project = (name: string, test: object) => ({ resolve: { alias }, test: { name, ...test } })

/** Test tiers by what they need; `npm test` runs those that need nothing outside the repository. */
export default defineConfig({
  test: {
    projects: [
      project('pure', { include: ['test/pure/**/*.test.ts'], testTimeout: 60_000 }),
      project('node', { include: ['test/node/**/*.test.ts'], pool: 'forks', testTimeout: 120_000 }),
      project('types', {
        include: [],
        typecheck: {
          enabled: true,
          only: true,
          include: ['test/types/**/*.test-d.ts'],
          tsconfig: 'test/tsconfig.json',
        },
      }),
      project('app', {
        include: ['test/app/**/*.test.ts'],
        globalSetup: ['test/helpers/build-once.ts'],
        fileParallelism: false,
        testTimeout: 300_000,
        hookTimeout: 300_000,
        // A browser on a busy machine now and then misses a key press; `.ci/run` names what needed its second try.
        retry: 1,
      }),
      project('gpu', {
        include: ['test/gpu/**/*.test.ts'],
        pool: 'forks',
        fileParallelism: false,
        testTimeout: 400_000,
      }),
      project('golden', {
        include: ['test/golden/**/*.test.ts'],
        pool: 'forks',
        fileParallelism: false,
        testTimeout: 400_000,
      }),
    ],
  },
})
