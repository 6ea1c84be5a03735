/** Brings a project file to the newest schema: pending steps in one transaction, after a copy into backups/. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { applicationId, guard, transaction, type WriteDb } from './db'
import { m0010 } from './migrations/0010-first'
import { m0020 } from './migrations/0020-curate'
import { m0040 } from './migrations/0040-results'
import { m0050 } from './migrations/0050-files'
import { m0060 } from './migrations/0060-indexes'
import { m0080 } from './migrations/0080-pairs'
import { m0090 } from './migrations/0090-pose-predictions'
import { m0100 } from './migrations/0100-learning-curves'
import type { Migration } from './migrations/migration'

/** All steps in order; never edited once released, only appended. */
export const migrations: readonly Migration[] = [m0010, m0020, m0040, m0050, m0060, m0080, m0090, m0100]

export interface MigrateResult {
  from: number
  to: number
  /** The copy made before, or null when the file was new or nothing was pending. */
  backup: string | null
}

/**
 * Throws `newer-project` for a file written by a newer version and `not-a-project` for another SQLite file; both leave
 * the file as it was. A step that fails rolls everything back.
 */
export function migrate(db: WriteDb, steps: readonly Migration[] = migrations): MigrateResult {
  const from = checkVersion(db, steps)
  const newest = steps.at(-1)!.version
  const pending = steps.filter((step) => step.version > from)
  if (pending.length === 0) return { from, to: newest, backup: null }
  const backup = from > 0 ? backupDb(db, `v${from}`) : null
  guard(db.name, () => db.pragma('foreign_keys = OFF'))
  try {
    transaction(db, () => {
      for (const step of pending) {
        step.run(db)
        db.pragma(`user_version = ${step.version}`)
      }
      db.pragma(`application_id = ${applicationId}`)
      const broken = db.pragma('foreign_key_check') as unknown[]
      if (broken.length > 0) {
        throw new TagwrightError(
          'bad-migration',
          `Upgrading ${db.name} left ${broken.length} rows without their owner. Nothing was changed.`,
        )
      }
    })
  } finally {
    db.pragma('foreign_keys = ON')
  }
  return { from, to: newest, backup }
}

/** The file's schema version, after the checks that {@link migrate} makes. */
export function checkVersion(db: WriteDb, steps: readonly Migration[] = migrations): number {
  return guard(db.name, () => {
    const version = db.pragma('user_version', { simple: true }) as number
    const id = db.pragma('application_id', { simple: true }) as number
    const newest = steps.at(-1)!.version
    const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number
    if (id !== applicationId && !(id === 0 && version === 0 && tables === 0)) {
      throw new TagwrightError('not-a-project', `${db.name} is a SQLite file of another program, not a project.`, {
        file: db.name,
      })
    }
    if (version > newest) {
      throw new TagwrightError(
        'newer-project',
        `${db.name} was written by a newer version (schema ${version}; this version knows ${newest}). Update this program to open it. The file was not changed.`,
        { file: db.name, version, newest },
      )
    }
    return version
  })
}

/** Copies the database by VACUUM INTO to `backups/<date>-<label>.tagwright`; complete or absent, never half. */
export function backupDb(db: WriteDb, label: string): string {
  const folder = join(dirname(db.name), 'backups')
  mkdirSync(folder, { recursive: true })
  const stamp = new Date().toISOString().replace(/[:.]/g, '-')
  const file = join(folder, `${stamp}-${label}.tagwright`)
  const temp = `${file}.part`
  if (existsSync(temp)) rmSync(temp)
  guard(db.name, () => db.prepare('VACUUM INTO ?').run(temp))
  renameSync(temp, file)
  return file
}
