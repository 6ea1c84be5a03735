/** Images sorted into one folder a class, as torchvision's ImageFolder and Keras read them; splits are folders above. */
import { z } from 'zod'
import type { DatasetAnnotation, DatasetSample } from '../../domain/dataset'
import { defineFormat } from '../format'
import { imageIndex } from './common/image-index'
import { baseName, extension, folderOf, splitOfName, stem } from './common/paths'

/** Class and split of an image: the folder it lies in, and the name of the first folder when that is a split. */
function placeOf(path: string): { label: string; split: ReturnType<typeof splitOfName> } | null {
  const folders = folderOf(path).split('/').filter(Boolean)
  const split = folders.length > 0 ? splitOfName(folders[0]) : undefined
  const inner = split ? folders.slice(1) : folders
  return inner.length > 0 ? { label: inner.join('/'), split } : null
}

const annotationFiles = new Set(['.xml', '.json', '.txt', '.yaml', '.yml', '.csv'])
const notes = /^(source|readme|licen[cs]e|classes|labels)\b/i

export default defineFormat<Record<string, never>>({
  title: 'Folders as classes',
  shapes: ['tag'],
  stems: 'free',
  options: z.strictObject({}) as z.ZodType<Record<string, never>>,
  examples: [
    {
      name: 'splits with the same classes',
      dataset: () => {
        const paths = ['train', 'val'].flatMap(
          (split) =>
          ['chickweed', 'maize'].map((label) => ({ split: split as 'train' | 'val', label, path: `${split}/${label}/${label} ${split}.png` })), // prettier-ignore
        )
        return {
          sizes: Object.fromEntries(paths.map(({ path }) => [path, { width: 6, height: 5 }])),
          chunk: {
            labels: ['chickweed', 'maize'].map((name) => ({ key: name, name })),
            samples: paths.map(({ path, split }) => ({ key: path, path, split })),
            annotations: paths.map(({ path, label }) => ({ sample: path, label, shape: { kind: 'tag' as const } })),
          },
        }
      },
    },
  ],

  /** Folders alone prove little: the same classes in several splits do, or a project whose images have one class each. */
  match(probe, truth) {
    if (probe.named.length) return Promise.resolve(0)
    const others = probe.files.some(({ path }) => annotationFiles.has(extension(path)) && !notes.test(stem(path)))
    const places = imageIndex(probe.files).paths.map(placeOf)
    if (others || places.length === 0 || places.includes(null)) return Promise.resolve(0)
    const bySplit = new Map<string, Set<string>>()
    for (const place of places) {
      const key = place!.split ?? ''
      bySplit.set(key, (bySplit.get(key) ?? new Set()).add(place!.label))
    }
    const sets = [...bySplit.entries()].filter(([split]) => split !== '').map(([, labels]) => labels)
    const [first, ...more] = sets
    const same = first && more.length > 0 && more.every((labels) => [...labels].every((label) => first.has(label)))
    if (same && first.size > 1) return Promise.resolve(0.6)
    const several = [...bySplit.values()].some(({ size }) => size > 1)
    return Promise.resolve(several ? (truth === 'class' ? 0.5 : 0.005) : 0)
  },

  async *read(source, options) {
    const { paths } = imageIndex(source.files)
    const found = [...new Set(paths.flatMap((path) => placeOf(path)?.label ?? []))].sort()
    const names = [...new Set([...(options.labels ?? []), ...found])]
    yield { labels: names.map((name) => ({ key: name, name })) }
    for (let at = 0; at < paths.length; at += 1000) {
      const samples: DatasetSample[] = []
      const annotations: DatasetAnnotation[] = []
      for (const path of paths.slice(at, at + 1000)) {
        const place = placeOf(path)
        samples.push({ key: path, path, ...(place?.split ? { split: place.split } : {}) })
        if (place) annotations.push({ sample: path, label: place.label, shape: { kind: 'tag' } })
      }
      yield { samples, annotations }
    }
  },

  async write(dataset, sink) {
    const names = new Map(dataset.labels.map(({ key, name }) => [key, name]))
    const taken = new Set<string>()
    for await (const { sample, annotations } of dataset.items()) {
      const [tag, second] = annotations.filter(({ shape }) => shape.kind === 'tag')
      if (annotations.length > (tag ? 1 : 0)) {
        const what = second ? 'more than one class' : 'objects, which a folder cannot hold'
        sink.report({ level: 'warning', code: 'not-written', message: `${sample.path} has ${what}; its first class alone is written.`, file: sample.path }) // prettier-ignore
      }
      if (!tag) {
        sink.report({ level: 'skipped', code: 'no-class', message: `${sample.path} has no class and is left out.`, file: sample.path }) // prettier-ignore
        continue
      }
      const folder = [sample.split, (names.get(tag.label) ?? tag.label).replaceAll('\\', '_')].filter(Boolean).join('/')
      const name = baseName(sample.path)
      let path = `${folder}/${name}`
      for (let n = 2; taken.has(path.toLowerCase()); n++) path = `${folder}/${stem(name)}-${n}${extension(name)}`
      taken.add(path.toLowerCase())
      await sink.image(sample, path)
    }
  },
})
