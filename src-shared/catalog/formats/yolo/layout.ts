/** Where a YOLO data set keeps its images, labels and class names: data.yaml, Darknet lists, classes.txt, bare folders. */
import { parse as parseYaml } from 'yaml'
import { TagwrightError } from '../../../base/errors'
import { decodeText } from '../../../base/text'
import type { DatasetIssue } from '../../../domain/dataset'
import { skeletonFault, skeletonSchema, type Skeleton } from '../../../domain/skeleton'
import type { Split } from '../../../domain/split'
import type { FormatSource } from '../../format'
import { imageIndex, type ImageIndex } from '../common/image-index'
import { uniqueNames } from '../common/label-list'
import {
  baseName,
  extension,
  folderOf,
  isImage,
  joinPath,
  splitOfName,
  splitOfPath,
  withoutExtension,
} from '../common/paths'

export interface YoloLayout {
  /** In index order; null when no file names the classes. */
  names: string[] | null
  namesFile: string
  keypoints?: readonly [count: number, dimensions: 2 | 3]
  /** Names of points by class, when the file has them. */
  keypointNames?: Map<number, string[]>
  /** By class: what our own export says beside. */
  skeletons?: Map<number, Pick<Partial<Skeleton>, 'edges' | 'flip' | 'sigmas'>>
  /** Index of the mirrored point of each. */
  flip?: number[]
  rotated: boolean
  images: { path: string; split?: Split; labels: string | null }[]
  /** Images a list names that are not there. */
  issues: DatasetIssue[]
}

export async function findLayout(source: FormatSource, given?: readonly string[]): Promise<YoloLayout> {
  const images = imageIndex(source.files)
  const layout: YoloLayout = { names: null, namesFile: 'names', rotated: false, images: [], issues: [] }
  const splits = new Map<string, Split | undefined>()
  const yaml = await findYaml(source)
  if (yaml) await readYaml(source, yaml, images, splits, layout)
  else await readDarknet(source, images, splits, layout)
  if (!layout.names) await readClassList(source, layout)
  if (given) {
    layout.names = [...given]
    layout.namesFile = 'labels'
  }
  if (layout.names) {
    const unique = uniqueNames(layout.names, layout.namesFile)
    layout.names = unique.names
    layout.issues.push(...unique.issues)
  }
  const labelFiles = new Set(source.files.filter((file) => extension(file.path) === '.txt').map((file) => file.path))
  for (const path of images.paths) {
    const split = splits.size ? splits.get(path) : splitOfPath(path)
    layout.images.push({ path, labels: labelPath(path, labelFiles), ...(split ? { split } : {}) })
  }
  return layout
}

/** The last folder `images` becomes `labels`; else the file beside the image; else a sibling folder `labels`. */
export function labelPath(image: string, files: ReadonlySet<string>): string | null {
  const bare = withoutExtension(image)
  const at = `/${bare}`.lastIndexOf('/images/')
  const candidates = [
    ...(at >= 0 ? [`/${bare}`.slice(1, at + 1) + 'labels/' + `/${bare}`.slice(at + 8)] : []),
    bare,
    joinPath(folderOf(image), 'labels', baseName(bare)) ?? bare,
    joinPath(folderOf(folderOf(image)), 'labels', baseName(bare)) ?? bare,
  ]
  const found = candidates.find((path) => files.has(`${path}.txt`))
  return found === undefined ? null : `${found}.txt`
}

async function findYaml(source: FormatSource): Promise<{ path: string; data: Record<string, unknown> } | null> {
  const all = source.named.length ? source.named : source.files.map((file) => file.path)
  const files = all.filter((path) => /\.ya?ml$/i.test(path)).sort((a, b) => a.split('/').length - b.split('/').length)
  for (const path of files.slice(0, 50)) {
    const text = decodeText(await source.read(path))
    if (!/^\s*["']?names["']?\s*:/m.test(text)) continue
    let data: unknown
    try {
      data = parseYaml(text, { maxAliasCount: 100 })
    } catch (error) {
      if (source.named.length || /(^|\/)data\.ya?ml$/.test(path)) {
        const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
        throw new TagwrightError('bad-yaml', `${path} is not YAML: ${reason} Correct the file and import again.`, {
          file: path,
        })
      }
      continue
    }
    if (data && typeof data === 'object' && 'names' in data) return { path, data: data as Record<string, unknown> }
  }
  return null
}

async function readYaml(
  source: FormatSource,
  { path: file, data }: { path: string; data: Record<string, unknown> },
  images: ImageIndex,
  splits: Map<string, Split | undefined>,
  layout: YoloLayout,
): Promise<void> {
  const warn = (code: string, message: string) => layout.issues.push({ level: 'warning', code, message, file })
  layout.names = readNames(data.names, warn)
  layout.namesFile = file
  if (typeof data.nc === 'number' && layout.names && data.nc !== layout.names.length) {
    warn('class-count', `nc is ${data.nc}, but names holds ${layout.names.length} classes; the names count.`)
  }
  const shape = data.kpt_shape
  if (Array.isArray(shape) && Number.isInteger(shape[0]) && shape[0] > 0 && (shape[1] === 2 || shape[1] === 3)) {
    layout.keypoints = [shape[0] as number, shape[1]]
    readKeypointExtras(data, shape[0] as number, layout, warn)
  } else if (shape !== undefined)
    warn(
      'bad-kpt-shape',
      `kpt_shape is ${JSON.stringify(shape)}; it must be [points, 2 or 3]. Rows are read without it.`,
    )
  layout.rotated = data.task === 'obb'

  const folder = folderOf(file)
  const base = typeof data.path === 'string' ? data.path : ''
  for (const [key, split] of [
    ['train', 'train'],
    ['val', 'val'],
    ['valid', 'val'],
    ['test', 'test'],
  ] as const) {
    const entries = (Array.isArray(data[key]) ? data[key] : [data[key]]).filter(
      (entry): entry is string => typeof entry === 'string' && entry !== '',
    )
    for (const entry of entries) {
      const candidates = [
        joinPath(folder, base, entry),
        joinPath(base, entry),
        joinPath(folder, entry),
        ...tailsOf(entry).map((tail) => joinPath(folder, tail)),
      ]
      const found = await listImages(source, images, candidates, layout, entry)
      if (!found) {
        warn(
          'folder-missing',
          `${key} is "${entry}", but there is no such folder or list here; no sample gets the split ${split} from it.`,
        )
        continue
      }
      const twice = found.filter((image) => (splits.get(image) ?? split) !== split)
      for (const image of found) if (!splits.has(image)) splits.set(image, split)
      if (twice.length) {
        const known = splits.get(twice[0])
        warn('two-splits', `${key} names ${twice.length} images, first ${twice[0]}, that belong to ${known} already; they stay there.`) // prettier-ignore
      }
    }
  }
}

/**
 * What a path of another machine, or of another working folder, may be here: itself without its first folders, the
 * longest first. A folder that names a split is not dropped: without it the images of all splits would be meant.
 */
function tailsOf(entry: string): string[] {
  const parts = entry.split(/[\\/]/).filter((part) => part !== '' && part !== '.' && part !== '..')
  const fixed = parts.findIndex((part) => splitOfName(part))
  return parts.slice(0, fixed < 0 ? parts.length : fixed + 1).map((_, at) => parts.slice(at).join('/'))
}

/** Images below a folder, or named by a list file; null when none of the candidates is there. */
async function listImages(
  source: FormatSource,
  images: ImageIndex,
  candidates: (string | null)[],
  layout: YoloLayout,
  entry: string,
): Promise<string[] | null> {
  for (const candidate of new Set(candidates)) {
    if (candidate === null) continue
    if (extension(candidate) === '.txt') {
      if (source.files.some((file) => file.path === candidate)) return readList(source, candidate, images, layout)
    } else if (isImage(candidate)) {
      if (images.has(candidate)) return [candidate]
    } else {
      const below = images.paths.filter((path) => candidate === '' || path.startsWith(`${candidate}/`))
      if (below.length && (candidate !== '' || /^\.?\/?$/.test(entry))) return below
    }
  }
  return null
}

/** One image path a line, relative to the list, to the root, or of the machine that wrote it. */
async function readList(source: FormatSource, file: string, images: ImageIndex, layout: YoloLayout): Promise<string[]> {
  const found: string[] = []
  const missing: { line: number; path: string }[] = []
  const rows = decodeText(await source.read(file)).split('\n')
  rows.forEach((row, index) => {
    const path = row.trim().replaceAll('\\', '/')
    if (!path) return
    const image = resolveListed(path, folderOf(file), images)
    if (image) found.push(image)
    else missing.push({ line: index + 1, path })
  })
  if (missing.length) {
    const message = `${missing.length} of ${found.length + missing.length} listed images are not there, first "${missing[0].path}". Import the folder that holds them.`
    layout.issues.push({ level: 'warning', code: 'image-missing', message, file, line: missing[0].line })
  }
  return found
}

function resolveListed(path: string, folder: string, images: ImageIndex): string | null {
  const direct = joinPath(folder, path)
  if (direct !== null && !path.startsWith('/') && images.has(direct)) return direct
  // A list written elsewhere names folders that mean nothing here: drop them one by one.
  const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..')
  for (let i = 0; i < parts.length; i++) {
    const tail = parts.slice(i).join('/')
    if (images.has(tail)) return tail
    const below = joinPath(folder, tail)
    if (below !== null && images.has(below)) return below
  }
  const named = images.byName(parts.at(-1) ?? '')
  return named.length === 1 ? named[0] : null
}

async function readDarknet(
  source: FormatSource,
  images: ImageIndex,
  splits: Map<string, Split | undefined>,
  layout: YoloLayout,
): Promise<void> {
  const paths = source.files.map((file) => file.path)
  const data = (source.named.length ? source.named : paths).find((path) => extension(path) === '.data')
  const lists: [Split, string | undefined][] = []
  if (data) {
    const values = new Map<string, string>()
    for (const row of decodeText(await source.read(data)).split('\n')) {
      const match = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(row)
      if (match) values.set(match[1], match[2])
    }
    const find = (name: string | undefined) =>
      name &&
      paths.find(
        (path) =>
          path === joinPath(folderOf(data), name) || path === joinPath(name) || baseName(path) === baseName(name),
      )
    const names = find(values.get('names'))
    if (names) await readNamesFile(source, names, layout)
    lists.push(
      ['train', find(values.get('train'))],
      ['val', find(values.get('valid') ?? values.get('val'))],
      ['test', find(values.get('test'))],
    )
  } else {
    const near = (name: string) => paths.find((path) => new RegExp(`(^|/)${name}\\.txt$`).test(path))
    for (const [split, name] of [
      ['train', 'train'],
      ['val', 'val'],
      ['val', 'valid'],
      ['test', 'test'],
    ] as const)
      lists.push([split, near(name)])
  }
  for (const [split, list] of lists) {
    if (!list) continue
    // A label file may be called train.txt too: a list names images.
    const first = decodeText(await source.read(list))
      .split('\n')
      .find((row) => row.trim() !== '')
      ?.trim()
    if (!first || !isImage(first)) continue
    for (const image of await readList(source, list, images, layout)) if (!splits.has(image)) splits.set(image, split)
  }
}

async function readClassList(source: FormatSource, layout: YoloLayout): Promise<void> {
  const rank = (path: string) => (/\.names$/i.test(path) ? 0 : 1) * 100 + path.split('/').length
  const files = source.files
    .map((file) => file.path)
    .filter((path) => /(^|\/)(classes\.txt|predefined_classes\.txt|[^/]*\.names)$/i.test(path))
    .sort((a, b) => rank(a) - rank(b))
  if (!files.length) return
  await readNamesFile(source, files[0], layout)
  for (const other of files.slice(1)) {
    const kept = layout.names!.join('\n')
    const second: YoloLayout = { ...layout, names: null, issues: [] }
    await readNamesFile(source, other, second)
    if (second.names!.join('\n') !== kept) {
      const message = `The classes differ from ${files[0]}, which is taken. Import the folders one by one if each has its own classes.`
      layout.issues.push({ level: 'warning', code: 'two-class-lists', message, file: other })
    }
  }
}

/** Line = index; blank lines inside keep their place. */
async function readNamesFile(source: FormatSource, file: string, layout: YoloLayout): Promise<void> {
  const lines = decodeText(await source.read(file))
    .split('\n')
    .map((line) => line.trim())
  while (lines.length && lines.at(-1) === '') lines.pop()
  layout.names = lines
  layout.namesFile = file
}

function readNames(value: unknown, warn: (code: string, message: string) => void): string[] | null {
  if (Array.isArray(value)) return value.map(String)
  if (!value || typeof value !== 'object') {
    warn('bad-names', 'names is neither a list nor a table of index and name; classes are named by their index.')
    return null
  }
  const names: string[] = []
  for (const [key, name] of Object.entries(value)) {
    const index = Number(key)
    if (Number.isInteger(index) && index >= 0 && index < 100_000) names[index] = String(name)
    else warn('bad-names', `"${key}" in names is no class index; the entry is skipped.`)
  }
  return Array.from(names, (name) => name ?? '')
}

function readKeypointExtras(
  data: Record<string, unknown>,
  count: number,
  layout: YoloLayout,
  warn: (code: string, message: string) => void,
): void {
  const given = data.kpt_names
  const classes = layout.names?.length ?? 0
  // A plain list is meant for every class.
  const lists = Array.isArray(given) ? Array.from({ length: classes }, (_, i) => [String(i), given] as const) : Object.entries(given && typeof given === 'object' ? given : {}) // prettier-ignore
  for (const [key, list] of lists) {
    if (Array.isArray(list) && list.length > 0 && list.length <= count)
      (layout.keypointNames ??= new Map()).set(Number(key), list.map(String))
    else warn('bad-kpt-names', `kpt_names of class ${key} must be a list of ${count} names; points of that class are numbered.`) // prettier-ignore
  }
  const own = (data.tagwright as { skeletons?: unknown } | undefined)?.skeletons
  for (const [key, value] of Object.entries(own && typeof own === 'object' ? own : {})) {
    const names = layout.keypointNames?.get(Number(key)) ?? []
    const parsed = skeletonSchema.safeParse({ edges: [], flip: [], sigmas: [], ...(value as object), names })
    if (!parsed.success || skeletonFault(parsed.data)) {
      warn('bad-skeleton', `tagwright.skeletons of class ${key} does not fit its points; it is left out.`)
      continue
    }
    const { edges, flip, sigmas } = parsed.data
    const skeletons = (layout.skeletons ??= new Map())
    skeletons.set(Number(key), { edges, sigmas, ...('flip' in (value as object) ? { flip } : {}) })
  }
  const flip = data.flip_idx
  if (!Array.isArray(flip)) return
  if (flip.length === count && flip.every((to, from) => flip[to] === from)) layout.flip = flip as number[]
  else
    warn(
      'bad-flip',
      `flip_idx must hold ${count} indices in which pairs point at each other; it is left out. Set the left and right points in the skeleton.`,
    )
}
