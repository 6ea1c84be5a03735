// Runs a benchmark: `npm run bench:train`, `npm run bench:eval`, options after `--`.
// A benchmark is one file test/bench/<name>.ts that exports `run({ root, args, json })` (test/bench/context.ts).
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { importBundled, root } from './bundle.mjs'

const [name, ...args] = process.argv.slice(2)
const source = `test/bench/${name}.ts`
if (!name || !existsSync(join(root, source))) {
  const folder = join(root, 'test/bench')
  const runs = (file) => file.endsWith('.ts') && readFileSync(join(folder, file), 'utf8').includes('function run(')
  const names = readdirSync(folder)
    .filter(runs)
    .map((file) => file.replace(/\.ts$/, ''))
  console.error(`There is no benchmark ${name ?? '(no name given)'}; choose one of: ${names.join(', ')}.`)
  process.exit(2)
}
try {
  const { run } = await importBundled(source, 'bench')
  await run({ root, args, json: args.includes('--json') })
} catch (error) {
  console.error(error?.code ? `${error.message} (${error.code})` : error)
  process.exitCode = 1
}
