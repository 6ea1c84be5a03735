/** A small JSON file of the person's: read whole, replaced atomically. One that is damaged is set aside, not lost. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { z } from 'zod'

export function readUserFile<S extends z.ZodType>(file: string, schema: S): z.output<S> | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return null
  }
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    try {
      renameSync(file, `${file}.damaged`)
    } catch {
      // A folder that cannot be written to: the next write says so.
    }
    return null
  }
}

/** Makes the folder when it is not there. Only the person may read it. */
export function writeUserFile(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}.part`
  try {
    writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
