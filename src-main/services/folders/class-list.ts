/** `classes.txt` beside YOLO files. Its order is the meaning of every file beside it, so it only ever grows at its end. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { decodeText } from '@shared/base/text'
import { writeAtomic } from '../../jobs/write-atomic'
import type { FolderConfig } from '../../store/folder-mode'
import type { ProjectLabel } from '../../store/label'

export const classListOf = (folder: string): string => join(folder, 'classes.txt')

/** Null when there is none. A blank line within keeps its index. */
export async function readClassList(file: string): Promise<string[] | null> {
  let text: string
  try {
    text = decodeText(await readFile(file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  const names = text.split('\n').map((line) => line.trim())
  while (names.length > 0 && names.at(-1) === '') names.pop()
  return names.map((name, index) => name || `class ${index}`)
}

type Known = FolderConfig['classes'][string]

/**
 * Brings a list in step with the project: names that are missing are added at the end, a label that was renamed in the
 * project is renamed where it stands. Returns the names to write with, and what to remember of the list.
 * Throws `classes-changed` when the list was put into another order outside, `not-writable`, `disk-full`.
 */
export async function alignClassList(
  file: string,
  labels: readonly ProjectLabel[],
  known: Known | undefined,
): Promise<{ names: string[]; known: Known }> {
  const found = await readClassList(file)
  if (found && known) checkOrder(file, found, known)
  const names = found ?? []
  const before = names.length
  let renamed = false
  known?.forEach(({ name, label }, index) => {
    const now = labels.find(({ id }) => id === label)?.name
    if (now === undefined || now === name || names[index] !== name || names.includes(now)) return
    names[index] = now
    renamed = true
  })
  for (const { name } of labels) if (!names.includes(name)) names.push(name)
  if (renamed || names.length !== before || found === null)
    await writeAtomic(file, [names.map((name) => `${name}\n`).join('')])
  return { names, known: remember(names, labels) }
}

export const remember = (names: readonly string[], labels: readonly ProjectLabel[]): Known =>
  names.map((name) => ({ name, label: labels.find((label) => label.name === name)?.id ?? null }))

/** Throws `classes-changed`: what the files beside the list mean is not certain any more. */
export function checkOrder(file: string, found: readonly string[], known: Known): void {
  const at = known.findIndex(({ name }, index) => found[index] !== name)
  if (at < 0) return
  const message = `${file} was changed outside: class ${at} was "${known[at].name}" and is "${found[at] ?? 'missing'}" now, so the files beside it would mean something else. Put the old order back; nothing is written there until then.`
  throw new TagwrightError('classes-changed', message, { file, index: at })
}
