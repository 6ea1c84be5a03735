// Measures something that takes long: `npm run campaign -- <name> [options]`.
// A campaign is one file test/campaign/<name>.ts that exports `campaign` (test/campaign/campaign.ts); its figures go to
// docs/benchmarks/<name>.json (or --as <name>) with the commit, machine, seed and recipe they belong to.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { importBundled, root } from './bundle.mjs'

const [name, ...args] = process.argv.slice(2)
const folder = join(root, 'test/campaign')
const file = join(folder, `${name}.ts`)
const isCampaign = (path) => readFileSync(path, 'utf8').includes('export const campaign')
if (!name || !existsSync(file) || !isCampaign(file)) {
  const names = readdirSync(folder)
    .filter((entry) => entry.endsWith('.ts') && isCampaign(join(folder, entry)))
    .map((entry) => entry.replace(/\.ts$/, ''))
  console.error(`There is no campaign ${name ?? '(no name given)'}; choose one of: ${names.join(', ')}.`)
  process.exit(2)
}
try {
  const { campaign } = await importBundled(`test/campaign/${name}.ts`, 'campaign')
  const { runCampaign } = await importBundled('test/campaign/run-campaign.ts', 'campaign')
  const report = await runCampaign(name, campaign, { root, args })
  console.log(JSON.stringify(report.figures, null, 2))
} catch (error) {
  console.error(error?.code ? `${error.message} (${error.code})` : error)
  process.exitCode = 1
}
