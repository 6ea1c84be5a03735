/** Images sorted into one folder a class, as torchvision's ImageFolder and Keras read them; splits are folders above. */
import { z } from 'zod'
import type { DatasetAnnotation, DatasetIssue, DatasetSample } from '../../domain/dataset'
import { defineFormat } from '../format'
import { imageIndex } from './common/image-index'
import { placesOf, type Place } from './class-folders/places'
import { baseName, extension, stem } from './common/paths'

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

  /**
   * Folders alone prove little: the same classes in several splits do, or a project whose images have one class each.
   * There, files that no other format knows are notes about the images.
   */
  match(probe, truth) {
    if (probe.named.length) return Promise.resolve(0)
    const others = probe.files.some(({ path }) => annotationFiles.has(extension(path)) && !notes.test(stem(path)))
    if (others && truth !== 'class') return Promise.resolve(0)
    const places = placesOf(imageIndex(probe.files).paths)
    const bySplit = new Map<string, Set<string>>()
    for (const { label, split = '' } of places)
      if (label !== null) bySplit.set(split, (bySplit.get(split) ?? new Set()).add(label))
    const classes = new Set([...bySplit.values()].flatMap((labels) => [...labels]))
    if (classes.size < 2) return Promise.resolve(classes.size * 0.005)
    if (truth === 'class') return Promise.resolve(0.5)
    if (places.some(({ label }) => label === null)) return Promise.resolve(0.005)
    const [first, ...more] = [...bySplit].filter(([split]) => split !== '').map(([, labels]) => labels)
    const same = more.length > 0 && more.every((labels) => [...labels].every((label) => first.has(label)))
    return Promise.resolve(same && first.size > 1 ? 0.6 : 0.005)
  },

  async *read(source, options) {
    const places = placesOf(imageIndex(source.files).paths)
    const found = [...new Set(places.flatMap(({ label }) => label ?? []))].sort()
    const names = [...new Set([...(options.labels ?? []), ...found])]
    yield { labels: names.map((name) => ({ key: name, name })), issues: withoutClass(places) }
    for (let at = 0; at < places.length; at += 1000) {
      const some = places.slice(at, at + 1000)
      yield {
        samples: some.map(({ path, split }): DatasetSample => ({ key: path, path, ...(split ? { split } : {}) })),
        annotations: some.flatMap(({ path, label }): DatasetAnnotation[] =>
          label === null ? [] : [{ sample: path, label, shape: { kind: 'tag' } }],
        ),
      }
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

function withoutClass(places: readonly Place[]): DatasetIssue[] {
  const loose = places.filter(({ label }) => label === null)
  if (loose.length === 0) return []
  const [{ path: file }] = loose
  const message = `${loose.length} of ${places.length} images, first ${file}, lie in no folder that is a class and get none. Label them in the window, or move them.`
  return [{ level: 'warning', code: 'no-class', message, file }]
}
