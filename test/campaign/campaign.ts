import type { Machine } from '../bench/context'

/** What a campaign gets from `scripts/campaign.mjs`. */
export interface CampaignContext {
  /** The project's root folder. */
  root: string
  /** Everything after the campaign's name. */
  args: string[]
  seed: number
  /** Progress for people, on stderr. */
  log(text: string): void
  /** Writes what is known so far to docs/benchmarks/<name>.json, so that an interrupted campaign keeps its figures. */
  record(figures: Record<string, unknown>): void
}

/** A long measurement: one file test/campaign/<name>.ts with this as its export `campaign`. */
export interface Campaign {
  title: string
  /** Used unless `--seed` is given. */
  seed: number
  /** All that makes the figures repeatable: model, data, epochs, sizes, thresholds. JSON values only. */
  recipe: Record<string, unknown>
  run(context: CampaignContext): Promise<Record<string, unknown>>
}

/** The document in docs/benchmarks: figures of the README come from these files only. */
export interface CampaignReport {
  title: string
  /** Full hash; `+changes` when tracked files differed from it. */
  commit: string
  date: string
  machine: Machine
  seed: number
  recipe: Record<string, unknown>
  seconds: number
  /** False while running and after an interruption. */
  complete: boolean
  figures: Record<string, unknown>
}
