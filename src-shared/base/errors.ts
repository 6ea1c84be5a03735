/** The one error shape of the product: what happened, with the value, and what to do next. */
import { fillWords } from './fill-words'
import { systemWords } from './system-words'

export interface ErrorShape {
  /** Stable, kebab-case, for programs: `bad-input`, `not-found`, `disk-full`... */
  code: string
  /** One or two sentences for people: the fact, the value, the next step. */
  message: string
  /** Anything a program may want: file, line, limits. JSON values only. */
  details?: Record<string, unknown>
}

export class TagwrightError extends Error {
  readonly code: string
  readonly details: Record<string, unknown> | undefined

  constructor(code: string, message: string, details?: Record<string, unknown>, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'TagwrightError'
    this.code = code
    this.details = details
  }
}

/** Turns anything thrown into the shape that crosses wires and `--json`. */
export function toErrorShape(error: unknown): ErrorShape {
  if (error instanceof TagwrightError) {
    return { code: error.code, message: error.message, ...(error.details ? { details: error.details } : {}) }
  }
  if (error instanceof Error) {
    if (error.name === 'AbortError') return { code: 'cancelled', message: error.message }
    return describeSystemError(error) ?? { code: 'internal', message: error.message }
  }
  return { code: 'internal', message: String(error) }
}

/** By the code of the C library: the product's code. */
const systemCodes: Record<keyof typeof systemWords, string> = {
  ENOENT: 'not-found',
  ENOTDIR: 'not-a-folder',
  EISDIR: 'not-a-file',
  EEXIST: 'exists',
  EACCES: 'no-access',
  EPERM: 'no-access',
  EROFS: 'no-access',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  ENAMETOOLONG: 'name-too-long',
  ELOOP: 'link-loop',
  EBUSY: 'in-use',
  EMFILE: 'too-many-files',
  ENFILE: 'too-many-files',
  EIO: 'disk-failed',
}

/** An error of a call to the system for a file, as a person can use it; null: any other error. */
export function describeSystemError(error: unknown): ErrorShape | null {
  const { code, syscall, path } = error as { code?: unknown; syscall?: unknown; path?: unknown }
  if (typeof code !== 'string' || typeof syscall !== 'string' || !Object.hasOwn(systemWords, code)) return null
  const reason = code as keyof typeof systemWords
  const file = typeof path === 'string' ? path : null
  // What is above the folder is there: folders such as /proc are no storage.
  const isRefused = code === 'ENOENT' && syscall === 'mkdir' && file
  // mkdir does not say what is in its way: only a file can be, when parents are made too.
  const message =
    code === 'EEXIST' && syscall === 'mkdir' && file
      ? `${file} is a file where a folder is needed. Choose another name.`
      : isRefused
        ? `The system takes no new folder at ${file}. Choose another place.`
        : fillWords(systemWords[reason], { path: file ?? 'the file' })
  return {
    code: isRefused ? 'not-writable' : systemCodes[reason],
    message,
    details: { ...(file ? { path: file } : {}), reason: code },
  }
}

/** The inverse of {@link toErrorShape}: what a client throws. */
export function fromErrorShape(shape: ErrorShape): TagwrightError {
  return new TagwrightError(shape.code, shape.message, shape.details)
}
