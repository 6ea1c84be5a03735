import type { WriteDb } from '../db'

export interface Migration {
  /** 10, 20, 30...: what `PRAGMA user_version` says once it has run. */
  version: number
  /** What it does, for the log. */
  name: string
  run(db: WriteDb): void
}
