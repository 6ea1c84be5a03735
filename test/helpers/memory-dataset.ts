/** Format sources and sinks in memory, and a dataset as one comparable value. */
import type { Dataset, DatasetChunk, DatasetIssue, DatasetItem } from '@shared/domain/dataset'
import type { AnyFormat, FormatProbe, FormatSink, FormatSource, ImageSize } from '@shared/catalog/format'
import { formats } from '@shared/catalog/formats'
import { baseName } from '@shared/catalog/formats/common/paths'

export type MemoryFiles = Record<string, string | Uint8Array>

const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content

/** @param sizes upright sizes of the images by path; each is also listed as a file. */
export function memorySource(
  files: MemoryFiles,
  sizes: Record<string, ImageSize> = {},
  { named = [], pieces = 7919 }: { named?: string[]; pieces?: number } = {},
): FormatSource & FormatProbe {
  const all: MemoryFiles = { ...files }
  for (const path of Object.keys(sizes)) all[path] ??= ''
  const list = Object.keys(all)
    .sort((a, b) => (a < b ? -1 : 1))
    .map((path) => ({ path, size: bytesOf(all[path]).length }))
  const get = (path: string) => {
    if (!(path in all)) throw new Error(`no file ${path}`)
    return bytesOf(all[path])
  }
  return {
    files: list,
    named,
    read: (path) => Promise.resolve(get(path)),
    async *stream(path, start = 0, end = Infinity) {
      const bytes = get(path).subarray(start, end)
      await Promise.resolve()
      for (let at = 0; at < bytes.length; at += pieces) yield bytes.slice(at, at + pieces)
    },
    imageSize: (path) => Promise.resolve(sizes[path] ?? null),
    head: (path, bytes = 65536) => Promise.resolve(new TextDecoder().decode(get(path).subarray(0, bytes))),
  }
}

export function memorySink(): FormatSink & {
  files: Record<string, string>
  images: Record<string, string>
  issues: DatasetIssue[]
} {
  const files: Record<string, string> = {}
  const images: Record<string, string> = {}
  const issues: DatasetIssue[] = []
  return {
    files,
    images,
    issues,
    write: (path, text) => {
      if (path in files) throw new Error(`${path} is written twice`)
      files[path] = text
      return Promise.resolve()
    },
    open: (path) => {
      let whole = ''
      return Promise.resolve({
        write: (text: string) => {
          whole += text
          return Promise.resolve()
        },
        close: () => {
          files[path] = whole
          return Promise.resolve()
        },
      })
    },
    image: (sample, path, which) => {
      if (path in images) throw new Error(`${path} is copied twice`)
      images[path] = which === 'pair' ? sample.pair! : sample.path
      return Promise.resolve()
    },
    report: (issue) => void issues.push(issue),
  }
}

/** All chunks of a reader as one; checks the order that chunks promise. */
export async function readAll(chunks: AsyncIterable<DatasetChunk>): Promise<Required<DatasetChunk>> {
  const all: Required<DatasetChunk> = { extra: {}, labels: [], samples: [], annotations: [], issues: [] }
  const labels = new Set<string>()
  const samples = new Set<string>()
  for await (const chunk of chunks) {
    Object.assign(all.extra, chunk.extra)
    for (const label of chunk.labels ?? []) {
      if (labels.has(label.key)) throw new Error(`label ${label.key} comes twice`)
      labels.add(label.key)
    }
    for (const sample of chunk.samples ?? []) {
      if (samples.has(sample.key)) throw new Error(`sample ${sample.key} comes twice`)
      samples.add(sample.key)
    }
    for (const annotation of chunk.annotations ?? []) {
      if (!labels.has(annotation.label)) throw new Error(`an annotation before its label ${annotation.label}`)
      if (!samples.has(annotation.sample)) throw new Error(`an annotation before its sample ${annotation.sample}`)
    }
    all.labels.push(...(chunk.labels ?? []))
    all.samples.push(...(chunk.samples ?? []))
    all.annotations.push(...(chunk.annotations ?? []))
    all.issues.push(...(chunk.issues ?? []))
  }
  return all
}

export function toDataset(chunk: DatasetChunk): Dataset {
  const bySample = new Map<string, DatasetItem>()
  for (const sample of chunk.samples ?? []) bySample.set(sample.key, { sample, annotations: [] })
  for (const annotation of chunk.annotations ?? []) bySample.get(annotation.sample)!.annotations.push(annotation)
  return {
    labels: chunk.labels ?? [],
    ...(chunk.extra ? { extra: chunk.extra } : {}),
    async *items() {
      await Promise.resolve()
      yield* bySample.values()
    },
  }
}

/** What must survive a round trip: keys and folders may change, everything else not. */
export function comparable(chunk: DatasetChunk) {
  const labels = new Map((chunk.labels ?? []).map((label) => [label.key, label.name]))
  const clean = <T extends object>(value: T): T => JSON.parse(JSON.stringify(value)) as T
  return {
    extra: Object.keys(chunk.extra ?? {}).length ? clean(chunk.extra!) : {},
    labels: (chunk.labels ?? []).map(({ key: _key, ...label }) => clean(label)),
    samples: (chunk.samples ?? [])
      .map(({ key, path, ...sample }) => ({
        name: baseName(path),
        ...clean(sample),
        annotations: (chunk.annotations ?? [])
          .filter((annotation) => annotation.sample === key)
          .map(({ sample: _sample, label, ...annotation }) => ({ label: labels.get(label), ...clean(annotation) })),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

/** Writes a dataset in memory and reads it again. */
export async function roundTrip(
  id: string,
  chunk: DatasetChunk,
  sizes: Record<string, ImageSize>,
  options: object = {},
) {
  const format: AnyFormat = formats.get(id)
  const parsed = format.options.parse(options) as object
  const sink = memorySink()
  await format.write(toDataset(chunk), sink, parsed)
  const written = Object.fromEntries(Object.entries(sink.images).map(([path, from]) => [path, sizes[from]]))
  const source = memorySource(sink.files, written)
  return { sink, source, read: await readAll(format.read(source, parsed)) }
}
