import { open, rename, rm } from 'node:fs/promises'
import { TagwrightError } from '@shared/base/errors'

/** Writes a whole file or nothing: beside the target first, flushed, then renamed. Throws `disk-full`, `not-writable`. */
export async function writeAtomic(file: string, parts: Iterable<string>): Promise<void> {
  const temporary = `${file}.${process.pid}.part`
  try {
    const handle = await open(temporary, 'w')
    try {
      for (const part of parts) await handle.write(part)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {})
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOSPC') {
      throw new TagwrightError(
        'disk-full',
        `The disk is full: ${file} could not be written. Free some space and try again.`,
        { file },
        { cause },
      )
    }
    throw new TagwrightError(
      'not-writable',
      `${file} could not be written (${code}). Choose another place.`,
      { file, reason: code },
      { cause },
    )
  }
}

/** A JSON list, one row a line, without holding its whole text. */
export function* jsonLines(rows: readonly unknown[]): Generator<string> {
  if (rows.length === 0) return yield '[]\n'
  let text = '['
  for (let i = 0; i < rows.length; i++) {
    text += `${i === 0 ? '' : ','}\n${JSON.stringify(rows[i])}`
    if (text.length < 1 << 20) continue
    yield text
    text = ''
  }
  yield `${text}\n]\n`
}
