/** Which format a source has, by its content, and what to say when that is not clear. */
import { readFile } from 'node:fs/promises'
import { parse as parseYaml } from 'yaml'
import { TagwrightError } from '@shared/base/errors'
import { describeIssue } from '@shared/base/describe-issue'
import { decodeText } from '@shared/base/text'
import { formats, matchFormats, type AnyFormat } from '@shared/catalog/formats'
import { extension, isImage } from '@shared/catalog/formats/common/paths'
import type { Truth } from '@shared/domain/task'
import { isCameraRaw } from '../media/image-kind'
import type { NodeSource } from '../media/node-source'

/** Throws `empty-folder`, `unknown-format`, `format-mismatch`, `ambiguous-format`, `unknown-id`. */
export async function chooseFormat(source: NodeSource, wanted: string, truth?: Truth): Promise<string> {
  if (source.files.length === 0) {
    throw new TagwrightError(
      'empty-folder',
      `${source.given} holds no images and no annotation files. Check the path.`,
      { path: source.given },
    )
  }
  if (wanted !== 'auto') {
    const format = formats.get(wanted)
    // A file that was named is read whatever it looks like: the reader says best what is wrong with it.
    if (source.named.length || (await format.match(source, truth)) > 0) return wanted
    const others = await matchFormats(source, truth)
    const found = others.length
      ? `It looks like: ${others.map((match) => match.id).join(', ')}.`
      : `It holds ${describeFiles(source)}.`
    throw new TagwrightError('format-mismatch', `There is no ${format.title} in ${source.given}. ${found}`, {
      path: source.given,
      candidates: others,
    })
  }
  const matches = await matchFormats(source, truth)
  if (matches.length === 0) {
    const raw = source.files.filter((file) => isCameraRaw(file.path))
    if (raw.length > 0 && !source.files.some((file) => isImage(file.path))) {
      const message = `${source.given} holds ${raw.length} camera RAW files, first ${raw[0].path}, which cannot be decoded here. Convert them to JPEG, PNG or TIFF and import those.`
      throw new TagwrightError('cannot-decode', message, { path: source.given })
    }
    const [named] = source.named
    const content = extension(named ?? '') === '.json' ? describeJson(await source.head(named, 1 << 18)) : null
    const fact = content
      ? `No known annotation format was found in ${source.given}, which holds ${content}`
      : named !== undefined
        ? `${source.given} is in no annotation format that is known`
        : `No known annotation format was found in ${source.given}, which holds ${describeFiles(source)}`
    throw new TagwrightError('unknown-format', `${fact}. Known: ${formats.ids.join(', ')}.`, { path: source.given })
  }
  const best = matches.filter((match) => match.score === matches[0].score)
  if (best.length > 1) {
    const ids = best.map((match) => match.id)
    throw new TagwrightError(
      'ambiguous-format',
      `${source.given} fits several formats equally: ${ids.join(', ')}. Choose one with --format.`,
      { path: source.given, candidates: ids },
    )
  }
  return best[0].id
}

/** The format's options, validated. Throws `bad-option`. */
export function parseOptions(id: string, format: AnyFormat, options: Record<string, unknown>): object {
  const result = format.options.safeParse(options)
  if (result.success) return result.data as object
  const issue = result.error.issues[0]
  if (issue.code === 'unrecognized_keys') {
    const { shape } = format.options as unknown as { shape?: object }
    const known = Object.keys(shape ?? {})
    throw new TagwrightError(
      'bad-option',
      `The format ${id} has no option "${issue.keys[0]}". ${known.length ? `It has: ${known.join(', ')}.` : 'It has none; leave it out.'}`,
      { option: issue.keys[0], known },
    )
  }
  const at = issue.path.join('.')
  throw new TagwrightError(
    'bad-option',
    `Option ${at ? `"${at}" of format ${id}` : `of format ${id}`} ${describeIssue(issue, options)}`,
  )
}

/** Class names in index order: one a line, or `names` of a YAML file. Throws `bad-labels`. */
export async function readLabelsFile(file: string): Promise<string[]> {
  const fail = (what: string): never => {
    throw new TagwrightError(
      'bad-labels',
      `The class list ${file} ${what}. Give a text file with one name a line, or a YAML file with "names".`,
      { file },
    )
  }
  const text = decodeText(
    await readFile(file).catch((error: NodeJS.ErrnoException) => fail(`cannot be read (${error.code})`)),
  )
  if (/\.ya?ml$/i.test(file)) {
    const names = (parseYaml(text) as { names?: unknown } | null)?.names
    if (!names || typeof names !== 'object') return fail('has no "names"')
    return (Object.values(names) as unknown[]).map(String)
  }
  const lines = text.split('\n').map((line) => line.trim())
  while (lines.length && lines.at(-1) === '') lines.pop()
  return lines.length ? lines : fail('is empty')
}

function describeFiles({ files }: NodeSource): string {
  const images = files.filter((file) => isImage(file.path)).length
  const kinds = [
    ...new Set(
      files.filter((file) => !isImage(file.path)).map((file) => extension(file.path) || 'files without extension'),
    ),
  ]
  const parts = [...(images ? [`${images} images`] : []), ...kinds.slice(0, 5)]
  return parts.join(', ') || 'nothing'
}

/** What the beginning of a JSON file is, in words; null: not JSON. */
function describeJson(head: string): string | null {
  const text = head.trimStart()
  if (text[0] !== '{' && text[0] !== '[') return null
  const keys = firstKeys(text.slice(text[0] === '[' ? text.indexOf('{') : 0))
  const fields = `the fields ${keys
    .slice(0, 6)
    .map((key) => `"${key}"`)
    .join(', ')}`
  if (!keys.length) return text[0] === '[' ? 'a JSON list' : 'a JSON object'
  if (text[0] === '{') return `a JSON object with ${fields}`
  const isResult = ['image_id', 'category_id', 'score'].every((key) => keys.includes(key))
  return isResult
    ? `a list of detections with ${fields}: results of a model, which name no images (compare them with their ground truth by "eval-coco")`
    : `a list of objects with ${fields}`
}

/** Names of the first object's own fields, as far as they are in the text. */
function firstKeys(text: string): string[] {
  const keys: string[] = []
  let depth = 0
  for (const match of text.matchAll(/"((?:[^"\\]|\\.)*)"(\s*:)?|[{}[\]]/g)) {
    if (match[1] !== undefined) {
      if (match[2] && depth === 1 && keys.length < 12) keys.push(match[1].slice(0, 40))
    } else if ('{['.includes(match[0])) depth++
    else if (--depth === 0) break
  }
  return keys
}
