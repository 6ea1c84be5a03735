/** The one gate to SQLite: opening, branded handles, cached statements, transactions and clear errors. */
import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { TagwrightError } from '@shared/base/errors'

type Handle = Database.Database
declare const readBrand: unique symbol
declare const writeBrand: unique symbol
/** A handle that reads. Every {@link WriteDb} is one too. */
export type ReadDb = Handle & { readonly [readBrand]: true }
/** The handle that writes; one per project, held by the store. */
export type WriteDb = ReadDb & { readonly [writeBrand]: true }

export type SqlValue = string | number | null
export type SqlRow = Record<string, SqlValue>

/** 'TGWR': tells a project of this product from any other SQLite file. */
export const applicationId = 0x54475752

export interface OpenDbOptions {
  readonly?: boolean
  /** Create the file when it is missing. */
  create?: boolean
  /** Milliseconds to wait for a lock of another handle before `project-busy`. */
  timeout?: number
}

/**
 * Opens a SQLite file in WAL mode with synchronous=FULL: a row whose transaction has returned survives a power cut.
 * Throws `not-found`, `not-a-project`, `corrupt-project`, `read-only`, `project-busy`.
 */
export function openDb(file: string, options: OpenDbOptions = {}): WriteDb {
  return guard(file, () => {
    const db = new Database(file, {
      readonly: options.readonly ?? false,
      fileMustExist: !options.create,
      timeout: options.timeout ?? 5000,
    })
    try {
      db.pragma('foreign_keys = ON')
      db.pragma('cache_size = -65536')
      db.pragma('temp_store = MEMORY')
      // For queries only, never in the schema: other programs can read the file. SQLite's lower() knows ASCII alone.
      db.function('fold', { deterministic: true }, foldText)
      if (options.readonly) {
        // Reading the header finds files that are no database before anyone asks for a table.
        db.pragma('user_version')
      } else {
        db.pragma('journal_mode = WAL')
        db.pragma('synchronous = FULL')
      }
      return db as WriteDb
    } catch (error) {
      db.close()
      throw error
    }
  })
}

/** How texts are compared when letter case and the way of writing accents do not matter. */
export const foldText = (text: unknown): string => String(text).normalize('NFC').toLowerCase()

const statements = new WeakMap<Handle, Map<string, Database.Statement>>()

/** Prepares once per handle and text. Do not use for texts that contain values. */
export function sql<Row = SqlRow>(db: ReadDb, text: string): Database.Statement<unknown[], Row> {
  let cache = statements.get(db)
  if (!cache) statements.set(db, (cache = new Map()))
  let statement = cache.get(text)
  if (!statement) cache.set(text, (statement = db.prepare(text)))
  return statement as Database.Statement<unknown[], Row>
}

/** As {@link sql}, for one value a row. */
export const columnSql = <Value extends SqlValue>(db: ReadDb, text: string): Database.Statement<unknown[], Value> =>
  // The mode belongs to the statement, so each mode has its own.
  sql(db, `${text} -- column`).pluck() as unknown as Database.Statement<unknown[], Value>

/** As {@link sql}, for rows as arrays: half the time of objects where rows are many. */
export const tupleSql = <Row extends SqlValue[]>(db: ReadDb, text: string): Database.Statement<unknown[], Row> =>
  sql(db, `${text} -- tuple`).raw() as unknown as Database.Statement<unknown[], Row>

/**
 * Runs `fn` in one immediate transaction: all of it is committed when the call returns, or none of it when it throws.
 * Errors of SQLite come out as TagwrightError.
 */
export function transaction<T>(db: WriteDb, fn: () => T): T {
  return guard(db.name, () => {
    if (db.inTransaction) {
      throw new TagwrightError('nested-change', 'A change was started inside another change. Put both into one.')
    }
    return db.transaction(fn).immediate()
  })
}

/** As {@link transaction}, or inside the one that is open: several writes of jobs can so be made one. */
export function atomically<T>(db: WriteDb, fn: () => T): T {
  return db.inTransaction ? guard(db.name, fn) : transaction(db, fn)
}

/**
 * Runs `fn` with synchronous=NORMAL (no flush per commit). Only for bulk rows that a later transaction with FULL
 * makes visible: its flush covers everything written to the log before it.
 */
export function withoutFlush<T>(db: WriteDb, fn: () => T): T {
  db.pragma('synchronous = NORMAL')
  try {
    return fn()
  } finally {
    db.pragma('synchronous = FULL')
  }
}

/**
 * Runs `fn` without checking that owners exist, a fifth of the cost of a bulk row. Only for rows whose owners were just
 * looked up. Not inside a transaction.
 */
export function withoutOwnerChecks<T>(db: WriteDb, fn: () => T): T {
  db.pragma('foreign_keys = OFF')
  try {
    return fn()
  } finally {
    db.pragma('foreign_keys = ON')
  }
}

/** Translates SQLite's errors into messages that say what to do. */
export function guard<T>(file: string, fn: () => T): T {
  try {
    return fn()
  } catch (error) {
    throw explain(error, file)
  }
}

function explain(error: unknown, file: string): unknown {
  if (!(error instanceof Database.SqliteError)) {
    if (error instanceof TypeError && /directory does not exist/.test(error.message)) {
      return new TagwrightError(
        'not-found',
        `There is no project at ${file}. Check the path.`,
        { file },
        { cause: error },
      )
    }
    return error
  }
  const make = (code: string, message: string) =>
    new TagwrightError(code, message, { file, sqlite: error.code }, { cause: error })
  const code = error.code
  if (code === 'SQLITE_FULL') {
    return make(
      'disk-full',
      `The disk is full: ${file} could not grow. Nothing that was saved before is lost. Free some space and try again.`,
    )
  }
  const cannotOpen = code.startsWith('SQLITE_CANTOPEN')
  if (
    code.startsWith('SQLITE_READONLY') ||
    code === 'SQLITE_PERM' ||
    (cannotOpen && existsSync(file) && !isWritable(file))
  ) {
    return make('read-only', `${file} cannot be written. Check the permissions of the file and its folder.`)
  }
  if (code.startsWith('SQLITE_BUSY') || code === 'SQLITE_LOCKED') {
    return make('project-busy', `${file} is locked by another program. Close it there and try again.`)
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return make(
      'corrupt-project',
      `${file} is damaged and cannot be read (${error.message}). Copies made before upgrades are in the folder "backups" beside it: put the newest one in its place.`,
    )
  }
  if (cannotOpen) {
    return make('not-found', `${file} cannot be opened. Check that the path exists and may be read.`)
  }
  if (code.startsWith('SQLITE_IOERR')) {
    return make('io-error', `Reading or writing ${file} failed (${code}). Check the disk and its free space.`)
  }
  return error
}

/** Log and index of WAL mode lie beside the file, so its folder must be writable too. */
function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK)
    accessSync(dirname(file), constants.W_OK)
    return true
  } catch {
    return false
  }
}
