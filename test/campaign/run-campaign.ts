import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeLoad, describeMachine, readOption } from '../bench/context'
import type { Campaign, CampaignReport } from './campaign'

/** The commit figures belong to; a dirty tree is said, because its figures cannot be repeated from the commit alone. */
export function describeCommit(root: string): string {
  const git = (...args: string[]) =>
    execFileSync('git', ['--no-optional-locks', ...args], { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') ? '+changes' : '')
  } catch {
    return 'unknown'
  }
}

/**
 * Runs a campaign and keeps `<folder>/<name>.json` up to date; resolves with the finished report. `--as <name>` keeps the
 * figures of other options beside those that stand there.
 */
export async function runCampaign(
  name: string,
  campaign: Campaign,
  { root, args, folder = join(root, 'docs/benchmarks') }: { root: string; args: string[]; folder?: string },
): Promise<CampaignReport> {
  const log = (text: string) => void (text && process.stderr.write(`${text}\n`))
  const started = performance.now()
  const seed = Number(readOption(args, 'seed', String(campaign.seed)))
  const report: CampaignReport = {
    title: campaign.title,
    commit: describeCommit(root),
    date: new Date().toISOString(),
    machine: describeMachine(),
    seed,
    recipe: campaign.recipe,
    seconds: 0,
    complete: false,
    figures: {},
  }
  const target = join(folder, `${readOption(args, 'as', name)}.json`)
  mkdirSync(folder, { recursive: true })
  const write = () => {
    report.seconds = Math.round((performance.now() - started) / 1000)
    writeFileSync(`${target}.part`, `${JSON.stringify(report, null, 2)}\n`)
    renameSync(`${target}.part`, target)
  }
  log(describeLoad())
  report.figures = await campaign.run({
    root,
    args,
    seed,
    log,
    record(figures) {
      report.figures = { ...report.figures, ...figures }
      write()
    },
  })
  report.complete = true
  write()
  log(`Wrote ${target}`)
  return report
}
