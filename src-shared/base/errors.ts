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
    return { code: 'internal', message: error.message }
  }
  return { code: 'internal', message: String(error) }
}

/** The inverse of {@link toErrorShape}: what a client throws. */
export function fromErrorShape(shape: ErrorShape): TagwrightError {
  return new TagwrightError(shape.code, shape.message, shape.details)
}
