/**
 * Noisy and clean images of the same scenes. Which is which is told by a word in the names of files or folders (`noisy/7.png`
 * and `clean/7.png`, `0001_NOISY_SRGB.png` and `0001_GT_SRGB.png`); all else of their paths, but the extension, is equal.
 */
import { z } from 'zod'
import type { DatasetIssue, DatasetSample } from '../../domain/dataset'
import { defineFormat } from '../format'
import { imageIndex } from './common/image-index'
import { baseName, extension, splitOfPath, stem, withoutExtension } from './common/paths'

const word = (words: string) => new RegExp(`(?<=^|[/_\\-. ])(?:${words})(?=$|[/_\\-. \\d])`, 'i')
const noisyWord = word('noisy|noise|input|lq|degraded|rainy|blur|blurry')
const cleanWord = word('clean|gt|target|truth|ground[_-]?truth|groundtruth|hq|sharp|reference')

/** Which of two an image is, and what it has in common with the other. */
function roleOf(path: string): { role: 'noisy' | 'clean'; key: string } | null {
  const bare = withoutExtension(path)
  for (const [role, pattern] of [
    ['noisy', noisyWord],
    ['clean', cleanWord],
  ] as const)
    // prettier-ignore
    if (pattern.test(bare)) return { role, key: bare.replace(pattern, '*').toLowerCase() }
  return null
}

interface Pairs {
  pairs: { noisy: string; clean: string }[]
  alone: string[]
}

function findPairs(paths: readonly string[]): Pairs {
  const clean = new Map<string, string>()
  for (const path of paths) {
    const at = roleOf(path)
    if (at?.role === 'clean') clean.set(at.key, path)
  }
  const used = new Set<string>()
  const pairs: Pairs['pairs'] = []
  for (const path of paths) {
    const at = roleOf(path)
    const other = at?.role === 'noisy' ? clean.get(at.key) : undefined
    if (other === undefined) continue
    // Several noisy images may share one clean one.
    pairs.push({ noisy: path, clean: other })
    used.add(path).add(other)
  }
  return { pairs, alone: paths.filter((path) => !used.has(path)) }
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

  match(probe) {
    if (probe.named.length) return Promise.resolve(0)
    const { pairs, alone } = findPairs(imageIndex(probe.files).paths)
    // Some without a partner do not make it another kind of data; many do.
    return Promise.resolve(
      pairs.length === 0 ? 0 : alone.length === 0 ? 0.7 : alone.length <= pairs.length ? 0.6 : 0.004,
    )
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
