import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder that a person named, with what is missing above it. Throws the system's errors.
 *
 * Not `mkdir` with `recursive`: where the system takes no folders (/proc) Node 24 tries for ever.
 */
export function makeFolder(folder: string): void {
  const path = resolve(folder)
  const missing: string[] = []
  for (let at = path; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.push(at)
  for (const at of missing.reverse()) makeOne(at)
  // A file of this name: the system says it.
  if (missing.length === 0 && !statSync(path).isDirectory()) mkdirSync(path)
}

function makeOne(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process was faster; or a link leads nowhere, which the system then says.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !existsSync(path)) throw error
  }
}
