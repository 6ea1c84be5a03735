/** The one error shape of the product: what happened, with the value, and what to do next. */

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

/** By the code of the C library: the product's code, and what to say of the path. */
const systemErrors: Record<string, [code: string, say: (path: string) => string]> = {
  ENOENT: ['not-found', (path) => `${path} does not exist. Check the path.`],
  ENOTDIR: ['not-a-folder', (path) => `${path} leads through a file where a folder is needed. Check the path.`],
  EISDIR: ['not-a-file', (path) => `${path} is a folder where a file is needed. Name a file.`],
  EEXIST: ['exists', (path) => `${path} is there already. Choose another name.`],
  EACCES: ['no-access', (path) => `This user may not read or write ${path}. Change its permissions, or choose another place.`],
  EPERM: ['no-access', (path) => `This user may not change ${path}. Change its permissions, or choose another place.`],
  EROFS: ['no-access', (path) => `${path} is on a disk that cannot be written to. Choose another place.`],
  ENOSPC: ['disk-full', (path) => `The disk is full: ${path} could not be written. Free some space and try again.`],
  EDQUOT: ['disk-full', (path) => `The quota of this user is used up: ${path} could not be written. Free some space and try again.`],
  ENAMETOOLONG: ['name-too-long', (path) => `The name ${path} is longer than the disk takes. Choose a shorter one.`],
  ELOOP: ['link-loop', (path) => `${path} is a link that leads back to itself. Name the file behind it.`],
  EBUSY: ['in-use', (path) => `${path} is in use by another program. Close it there and try again.`],
  EMFILE: ['too-many-files', () => 'Too many files are open in this process. Raise the limit (ulimit -n) and try again.'],
  ENFILE: ['too-many-files', () => 'Too many files are open on this machine. Close other programs and try again.'],
  EIO: ['disk-failed', (path) => `The disk could not read or write ${path}. Check the disk.`],
} // prettier-ignore

/** An error of a call to the system for a file, as a person can use it; null: any other error. */
export function describeSystemError(error: unknown): ErrorShape | null {
  const { code, syscall, path } = error as { code?: unknown; syscall?: unknown; path?: unknown }
  const known = typeof code === 'string' && typeof syscall === 'string' ? systemErrors[code] : undefined
  if (!known) return null
  const file = typeof path === 'string' ? path : null
  const [ours, say] = known
  // What is above the folder is there: folders such as /proc are no storage.
  const isRefused = code === 'ENOENT' && syscall === 'mkdir' && file
  // mkdir does not say what is in its way: only a file can be, when parents are made too.
  const message =
    code === 'EEXIST' && syscall === 'mkdir' && file
      ? `${file} is a file where a folder is needed. Choose another name.`
      : isRefused
        ? `The system takes no new folder at ${file}. Choose another place.`
        : say(file ?? 'the file')
  return {
    code: isRefused ? 'not-writable' : ours,
    message,
    details: { ...(file ? { path: file } : {}), reason: code },
  }
}

/** The inverse of {@link toErrorShape}: what a client throws. */
export function fromErrorShape(shape: ErrorShape): TagwrightError {
  return new TagwrightError(shape.code, shape.message, shape.details)
}
