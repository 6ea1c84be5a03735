/**
 * Noisy and clean images of the same scenes. Which is which is told by a word in the names of files or folders (`noisy/7.png`
 * and `clean/7.png`, `0001_NOISY_SRGB.png` and `0001_GT_SRGB.png`); all else of their paths, but the extension, is equal.
 */
import { z } from 'zod'
import type { DatasetIssue, DatasetSample } from '../../domain/dataset'
import { defineFormat } from '../format'
import { imageIndex } from './common/image-index'
import { baseName, extension, folderOf, splitOfPath, stem, withoutExtension } from './common/paths'

const words = (list: string) => new RegExp(`(?<=^|[/_\\-. ])(?:${list})(?=$|[/_\\-. \\d])`, 'gi')
const noisyWord = words(
  'noisy|noise|input|lq|lr|low|degraded|dirty|rainy|hazy|blur|blurry|blurred|short|dark|underexposed|before',
)
const cleanWord = words('clean|cleaned|clear|gt|target|truth|ground[_-]?truth|groundtruth|original|hq|hr|high|sharp|reference|long|bright|normal|after|mean|enhanced') // prettier-ignore

interface Role {
  path: string
  role: 'noisy' | 'clean'
  /** What it has in common with the other: the path without the word. */
  key: string
  /** The same without all of a folder's name that holds the word: `rainy_image/1` and `ground_truth/1`. */
  loose: string
}

/** Which of two an image is; null: no word tells. Folders around all images say nothing. */
function roleOf(path: string, around: number): Role | null {
  const bare = withoutExtension(path).split('/').slice(around).join('/').toLowerCase()
  for (const [role, pattern] of [
    ['noisy', noisyWord],
    ['clean', cleanWord],
  ] as const) {
    const key = bare.replace(pattern, '*')
    if (key === bare) continue
    const [name, ...folders] = key.split('/').reverse()
    return { path, role, key, loose: [...folders.map((part) => (part.includes('*') ? '*' : part)).reverse(), name].join('/') } // prettier-ignore
  }
  return null
}

interface Pairs {
  pairs: { noisy: string; clean: string }[]
  alone: string[]
}

export function findPairs(paths: readonly string[]): Pairs {
  const around = sharedFolders(paths)
  const roles = paths.flatMap((path) => roleOf(path, around) ?? [])
  const noisy = roles.filter(({ role }) => role === 'noisy')
  const clean = roles.filter(({ role }) => role === 'clean')
  const exact = new Map(clean.map(({ key, path }) => [key, path]))
  const loose = new Map<string, string[]>()
  for (const { loose: key, path } of clean) loose.set(key, [...(loose.get(key) ?? []), path])
  const plain = new Set(paths)
  for (const { path } of roles) plain.delete(path)
  const byStem = new Map([...plain].map((path) => [withoutExtension(path).toLowerCase(), path]))
  const used = new Set<string>()
  const pairs: Pairs['pairs'] = []
  for (const { path, key, loose: wide } of noisy) {
    const [one, ...more] = loose.get(wide) ?? []
    // `7_noise25.png` beside `7.png`.
    const bare = path.slice(0, path.length - baseName(path).length) + stem(path).replace(noisyWord, '*').replace(/[_\-. ]*\*\d*$/, '') // prettier-ignore
    const other = exact.get(key) ?? (more.length === 0 ? one : undefined) ?? byStem.get(bare.toLowerCase())
    if (other === undefined) continue
    // Several noisy images may share one clean one.
    pairs.push({ noisy: path, clean: other })
    used.add(path).add(other)
  }
  return { pairs, alone: paths.filter((path) => !used.has(path)) }
}

function sharedFolders(paths: readonly string[]): number {
  const [first = [], ...rest] = paths.map((path) => folderOf(path).split('/').filter(Boolean))
  const end = first.findIndex((name, at) => rest.some((folders) => folders[at] !== name))
  return end < 0 ? first.length : end
}

export default defineFormat<Record<string, never>>({
  title: 'Noisy and clean image pairs',
  shapes: [],
  stems: 'free',
  options: z.strictObject({}) as z.ZodType<Record<string, never>>,
  examples: [
    {
      name: 'two folders, with splits',
      dataset: () => {
        const samples: DatasetSample[] = ['train', 'val'].map((split) => ({
          key: split,
          path: `noisy/${split}/${split} 1.png`,
          pair: `clean/${split}/${split} 1.png`,
          split: split as 'train' | 'val',
        }))
        const size = { width: 8, height: 6 }
        return {
          sizes: Object.fromEntries(samples.flatMap(({ path, pair }) => [[path, size], [pair!, size]])), // prettier-ignore
          chunk: { samples },
        }
      },
    },
  ],

  /** A project that learns objects or classes wants all images of two folders, not one of each two. */
  match(probe, truth) {
    if (probe.named.length) return Promise.resolve(0)
    const { pairs, alone } = findPairs(imageIndex(probe.files).paths)
    if (pairs.length === 0) return Promise.resolve(0)
    const isOther = truth !== undefined && truth !== 'image'
    // Some without a partner do not make it another kind of data; many do.
    if (isOther || alone.length > pairs.length) return Promise.resolve(0.004)
    return Promise.resolve(alone.length === 0 ? 0.7 : 0.6)
  },

  async *read(source, options) {
    yield { labels: (options.labels ?? []).map((name) => ({ key: name, name })) }
    const { pairs, alone } = findPairs(imageIndex(source.files).paths)
    yield {
      issues: alone.map((file): DatasetIssue => ({
        level: 'skipped',
        code: 'no-pair',
        message: `${file} has no partner of the same name beside a folder or word noisy or clean, and is left out.`,
        file,
      })),
    }
    for (let at = 0; at < pairs.length; at += 1000)
      yield {
        samples: pairs.slice(at, at + 1000).map(({ noisy, clean }): DatasetSample => {
          const split = splitOfPath(noisy)
          return { key: noisy, path: noisy, pair: clean, ...(split ? { split } : {}) }
        }),
      }
  },

  async write(dataset, sink) {
    const taken = new Set<string>()
    for await (const { sample } of dataset.items()) {
      if (sample.pair === undefined) {
        sink.report({ level: 'skipped', code: 'no-pair', message: `${sample.path} has no clean image and is left out.`, file: sample.path }) // prettier-ignore
        continue
      }
      const folder = sample.split ? `${sample.split}/` : ''
      const name = baseName(sample.path)
      let bare = `${folder}${stem(name)}`
      for (let n = 2; taken.has(bare.toLowerCase()); n++) bare = `${folder}${stem(name)}-${n}`
      taken.add(bare.toLowerCase())
      await sink.image(sample, `noisy/${bare}${extension(name)}`)
      await sink.image(sample, `clean/${bare}${extension(sample.pair)}`, 'pair')
    }
  },
})
