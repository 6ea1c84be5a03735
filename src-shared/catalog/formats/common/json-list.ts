/** JSON files of other tools: a list of objects of any size, or one object; rows with their lines, damage as issues. */
import { TagwrightError } from '../../../base/errors'
import { decodeText } from '../../../base/text'
import type { DatasetIssue } from '../../../domain/dataset'
import type { FormatSource } from '../../format'
import { readElements, type Elements } from '../coco/json-elements'
import { scanTopLevel } from '../coco/json-scan'
import { readHead } from './read-head'

export type Row = Record<string, unknown>

/** The objects of a top-level list. A damaged file ends with an issue; what came before it counts. */
export async function* readJsonList(source: FormatSource, file: string, what: string): AsyncGenerator<Elements> {
  const head = await readHead(source, file, 4096)
  const start = head.search(/\S/)
  if (head[start] !== '[') {
    const message = `The file is no list, so it is not ${what}; it is not read. Choose another format.`
    yield { rows: [], lines: [], issues: [{ level: 'skipped', code: 'not-a-list', message, file, line: 1 }] }
    return
  }
  // A byte-order mark is no character of the text, but three bytes of the file.
  const [first] = await firstBytes(source, file)
  const offset = start + (first === 0xef ? 3 : 0)
  const line = head.slice(0, start).split('\n').length
  try {
    yield* readElements(source.stream(file, offset), { file, key: 'the list', startLine: line, startByte: offset })
  } catch (error) {
    yield { rows: [], lines: [], issues: [damage(error, file)] }
  }
}

async function firstBytes(source: FormatSource, file: string): Promise<Uint8Array> {
  for await (const piece of source.stream(file, 0, 4)) return piece.slice()
  return new Uint8Array(0)
}

export interface JsonObject {
  fields: Row
  rows: Row[]
  /** 1-based line of each row. */
  lines: number[]
  issues: DatasetIssue[]
}

/** One object with its list `key` row by row; fields named in `without` are not parsed. null: damaged, see `issues`. */
export async function readJsonObject(
  source: FormatSource,
  file: string,
  key: string,
  without: readonly string[],
): Promise<{ object: JsonObject | null; issues: DatasetIssue[] }> {
  const object: JsonObject = { fields: {}, rows: [], lines: [], issues: [] }
  try {
    const bytes = await source.read(file)
    const whole = async function* () {
      yield await Promise.resolve(bytes)
    }
    for (const span of await scanTopLevel(whole(), file)) {
      if (without.includes(span.key)) continue
      const part = bytes.subarray(span.start, span.end)
      if (span.key === key && span.kind === 'array') {
        const list = async function* () {
          yield await Promise.resolve(part)
        }
        for await (const chunk of readElements(list(), { file, key, startLine: span.line, startByte: span.start })) {
          object.rows.push(...chunk.rows)
          object.lines.push(...chunk.lines)
          object.issues.push(...chunk.issues)
        }
      } else {
        try {
          const value: unknown = JSON.parse(decodeText(part))
          Object.defineProperty(object.fields, span.key, { value, enumerable: true, configurable: true, writable: true }) // prettier-ignore
        } catch {
          const message = `The field "${span.key}" is not JSON and is not kept.`
          object.issues.push({ level: 'warning', code: 'field-dropped', message, file, line: span.line })
        }
      }
    }
    return { object, issues: object.issues }
  } catch (error) {
    return { object: null, issues: [damage(error, file)] }
  }
}

/** A damaged file as an issue; anything else is thrown again. */
function damage(error: unknown, file: string): DatasetIssue {
  if (!(error instanceof TagwrightError)) throw error
  const { line } = (error.details ?? {}) as { line?: number }
  const message = error.code === 'not-coco' ? 'The file is no JSON object; it is not read. Choose another format.' : error.message // prettier-ignore
  return { level: 'skipped', code: 'bad-json', message, file, ...(line === undefined ? {} : { line }) }
}

/** A finite number; undefined: something else. */
export const toNumber = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined

/** Points as pairs of finite numbers; null: something else. */
export function toPoints(value: unknown): [number, number][] | null {
  if (!Array.isArray(value)) return null
  const points: [number, number][] = []
  for (const point of value) {
    if (!Array.isArray(point) || point.length < 2) return null
    const [x, y] = [toNumber(point[0]), toNumber(point[1])]
    if (x === undefined || y === undefined) return null
    points.push([x, y])
  }
  return points
}
