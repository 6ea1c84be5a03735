/** Fetches one file from the internet: resumed where an earlier attempt stopped, checked, and in place only when whole. */
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { TagwrightError } from '@shared/base/errors'
import { hashFile } from '../media/hash-file'

export interface DownloadOptions {
  url: string
  /** Target. What is fetched so far lies beside it as `.part`. */
  file: string
  /** Size and checksum where they are known. */
  bytes: number | null
  sha256: string | null
  signal: AbortSignal
  onProgress(done: number, total: number | null): void
  /** Patience with a server that sends nothing, ms. */
  stallMs?: number
}

/** Without a known size nothing larger is taken. */
const LARGEST = 2 ** 31
const partOf = (file: string): string => `${file}.part`
/** What the server said about the version that the part is of. */
const noteOf = (file: string): string => `${file}.part.json`

/**
 * @returns size and checksum of the file.
 * @throws `offline`, `download-failed` (the server refuses), `download-interrupted` (the next call goes on),
 * `checksum-mismatch`, `disk-full`, `not-writable`, and the signal's reason.
 */
export async function downloadFile(options: DownloadOptions): Promise<{ bytes: number; sha256: string }> {
  const { file, bytes, sha256, signal } = options
  const part = partOf(file)
  let have = await sizeOf(part)
  if (bytes !== null && have > bytes) {
    await forget(file)
    have = 0
  }
  if (bytes === null || have < bytes) await fetchRest(options, have)
  signal.throwIfAborted()
  const size = await sizeOf(part)
  const found = await hashFile(part)
  if ((sha256 !== null && found !== sha256) || (bytes !== null && size !== bytes)) {
    await forget(file)
    throw new TagwrightError(
      'checksum-mismatch',
      `${options.url} gave ${size} bytes with the checksum ${found}; ${bytes ?? 'any number of'} bytes with ${sha256} were expected. The file was deleted. Something on the way changed it, or its publisher did: look at the publisher's page before trying again.`,
      { url: options.url, expected: sha256, found, bytes: size },
    )
  }
  await guarded(file, async () => {
    const handle = await open(part, 'r+')
    await handle.sync()
    await handle.close()
    await rename(part, file)
    await rm(noteOf(file), { force: true })
  })
  return { bytes: size, sha256: found }
}

/** Deletes what an interrupted download left. */
export async function forget(file: string): Promise<void> {
  await rm(partOf(file), { force: true })
  await rm(noteOf(file), { force: true })
}

/** Bytes that an interrupted download left; 0 without one. */
export const fetchedSoFar = (file: string): Promise<number> => sizeOf(partOf(file))

async function fetchRest(options: DownloadOptions, have: number): Promise<void> {
  const { url, file, signal, onProgress, stallMs = 30_000 } = options
  const stall = new AbortController()
  let timer = setTimeout(() => stall.abort(), stallMs)
  const alive = () => {
    clearTimeout(timer)
    timer = setTimeout(() => stall.abort(), stallMs)
  }
  try {
    const note = have > 0 ? await readNote(file, url) : null
    // Without the version or a checksum at the end, old and new bytes could be mixed unnoticed.
    const from = have > 0 && (note?.version || options.sha256) ? have : 0
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, stall.signal]),
      headers: {
        'accept-encoding': 'identity',
        ...(from > 0 ? { range: `bytes=${from}-`, ...(note?.version ? { 'if-range': note.version } : {}) } : {}),
      },
    }).catch((cause: unknown) => {
      signal.throwIfAborted()
      throw offline(options, cause)
    })
    if (!response.ok || !response.body) {
      if (response.status === 416) await forget(file)
      throw new TagwrightError(
        'download-failed',
        `${new URL(response.url || url).host} answered ${response.status} ${response.statusText} for ${url}. Try again later, or fetch the file with a browser and add it: tagwright weights add <file>`,
        { url, status: response.status },
      )
    }
    const goesOn = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${from}-`)
    let done = goesOn ? from : 0
    const length = Number(response.headers.get('content-length')) || null
    const total = options.bytes ?? (length === null ? null : done + length)
    const limit = options.bytes ?? LARGEST
    await guarded(file, async () => {
      const version = response.headers.get('etag')
      // A weak tag says nothing about bytes.
      const strong = version && !version.startsWith('W/') ? version : response.headers.get('last-modified')
      await writeFile(noteOf(file), JSON.stringify({ url, version: strong }))
      const handle = await open(partOf(file), goesOn ? 'a' : 'w')
      try {
        onProgress(done, total)
        for await (const chunk of read(response.body!, { ...options, done: () => done, total })) {
          alive()
          if (done + chunk.length > limit) {
            await forget(file)
            throw new TagwrightError(
              'download-failed',
              `${url} gives more than the ${limit} bytes it should have. The download was stopped.`,
              { url, limit },
            )
          }
          await handle.write(chunk)
          done += chunk.length
          onProgress(done, total)
        }
        await handle.sync()
      } finally {
        await handle.close()
      }
    })
    if (total !== null && done < total) throw interrupted(options, done, total)
  } finally {
    clearTimeout(timer)
  }
}

async function* read(
  body: ReadableStream<Uint8Array>,
  { signal, done, total, ...options }: DownloadOptions & { done: () => number; total: number | null },
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) yield chunk
  } catch (cause) {
    signal.throwIfAborted()
    if (cause instanceof TagwrightError) throw cause
    throw interrupted({ ...options, signal }, done(), total, cause)
  }
}

const interrupted = (
  { url }: Pick<DownloadOptions, 'url'> & Partial<DownloadOptions>,
  done: number,
  total: number | null,
  cause?: unknown,
): TagwrightError =>
  new TagwrightError(
    'download-interrupted',
    `The download of ${url} stopped after ${done} of ${total ?? 'an unknown number of'} bytes. Start it again: it goes on from there.`,
    { url, done, total },
    { cause },
  )

function offline({ url }: DownloadOptions, cause: unknown): TagwrightError {
  const inner = (cause as { cause?: { code?: string; message?: string } }).cause
  const reason = inner?.code ?? inner?.message ?? (cause as Error).message
  return new TagwrightError(
    'offline',
    `${new URL(url).host} could not be reached (${reason}). Check the connection and start again. On a machine without internet, fetch ${url} elsewhere, bring the file over and add it: tagwright weights add <file>`,
    { url, reason },
    { cause },
  )
}

async function guarded(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException
    if (code === 'ENOSPC')
      throw new TagwrightError('disk-full', `The disk is full: ${file} could not be written. Free some space; the download then goes on.`, { file }, { cause }) // prettier-ignore
    if (syscall && ['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes(code!))
      throw new TagwrightError('not-writable', `${file} could not be written (${code}). Set TAGWRIGHT_WEIGHTS to another folder.`, { file, reason: code }, { cause }) // prettier-ignore
    throw cause
  }
}

async function readNote(file: string, url: string): Promise<{ version: string | null } | null> {
  try {
    const note = JSON.parse(await readFile(noteOf(file), 'utf8')) as { url: string; version: string | null }
    return note.url === url ? note : null
  } catch {
    return null
  }
}

const sizeOf = async (file: string): Promise<number> => (await stat(file).catch(() => null))?.size ?? 0
