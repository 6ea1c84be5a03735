/**
 * Class files: plain text with one name a line (LabelImg's predefined classes, YOLO's classes.txt), or YAML with `names`
 * (as in YOLO's data.yaml) and, under `labels`, what else is known of each: color, cocoId, hotkey, skeleton.
 */
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { TagwrightError } from '../base/errors'
import { skeletonFault, skeletonSchema, type Skeleton } from './skeleton'

export interface ClassFileLabel {
  name: string
  color?: string
  cocoId?: number
  /** '': none. */
  hotkey?: string
  skeleton?: Skeleton
}

export interface ClassFile {
  format: 'text' | 'yaml'
  /** In index order. */
  labels: ClassFileLabel[]
}

const detailsSchema = z.object({
  color: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i, 'must look like #0072b2')
    .optional(),
  cocoId: z.int().min(0).optional(),
  hotkey: z
    .string()
    .regex(/^\S{0,30}$/, 'must be one key')
    .optional(),
  skeleton: skeletonSchema.optional(),
})
const yamlSchema = z.object({
  names: z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]),
  labels: z.record(z.string(), detailsSchema).default({}),
})

export const printClassText = (labels: readonly ClassFileLabel[]): string =>
  labels.map(({ name }) => `${name}\n`).join('')

export function printClassYaml(labels: readonly ClassFileLabel[]): string {
  const names = Object.fromEntries(labels.map(({ name }, index) => [index, name]))
  const details = Object.fromEntries(labels.map(({ name, ...rest }) => [name, rest]))
  return stringify({ names, labels: details }, { flowCollectionPadding: false })
}

/** Throws `bad-class-file` with line or key. Empty lines are left out; so is a byte order mark. */
export function parseClassFile(given: string): ClassFile {
  const text = given.replace(/^\uFEFF/, '')
  const isYaml = /^\s*["']?names["']?\s*:/m.test(text)
  const labels = isYaml ? parseYaml(text) : text.split(/\r\n?|\n/).map((line) => ({ name: line.trim() }))
  const kept = labels.filter(({ name }) => name !== '')
  if (kept.length === 0) throw bad('names no classes.')
  const seen = new Set<string>()
  for (const { name } of kept) {
    if (seen.has(name)) throw bad(`names "${name}" twice. A class index needs one name each.`)
    seen.add(name)
  }
  return { format: isYaml ? 'yaml' : 'text', labels: kept }
}

function parseYaml(text: string): ClassFileLabel[] {
  let data: unknown
  try {
    data = parse(text, { maxAliasCount: 100 })
  } catch (error) {
    throw bad(`is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
  }
  const result = yamlSchema.safeParse(data)
  if (!result.success) {
    const { path, message } = result.error.issues[0]
    throw bad(`has a wrong "${path.join('.')}": ${message}.`)
  }
  const { names, labels } = result.data
  const ordered = Array.isArray(names)
    ? names
    : Object.entries(names)
        .sort(([a], [b]) => Number(a) - Number(b))
        .map(([, name]) => name)
  return ordered.map((value) => {
    const name = String(value).trim()
    const details = labels[name] ?? {}
    const fault = details.skeleton ? skeletonFault(details.skeleton) : null
    if (fault) throw bad(`has a wrong skeleton for "${name}": ${fault}`)
    return { name, ...details }
  })
}

const bad = (what: string) =>
  new TagwrightError('bad-class-file', `The class file ${what} Correct it and read it again.`)
