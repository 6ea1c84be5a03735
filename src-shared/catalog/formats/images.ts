/** Image files without annotations; the split comes from folder names. The last resort of every import. */
import { z } from 'zod'
import type { DatasetSample } from '../../domain/dataset'
import { defineFormat } from '../format'
import { imageIndex } from './common/image-index'
import { splitOfPath } from './common/paths'

export default defineFormat<Record<string, never>>({
  title: 'Images without annotations',
  shapes: [],
  stems: 'free',
  options: z.strictObject({}) as z.ZodType<Record<string, never>>,
  examples: [
    {
      name: 'folders that are splits, and one that is not',
      dataset: () => ({
        sizes: { 'train/quay.jpg': { width: 64, height: 48 }, 'more/fog.png': { width: 8, height: 8 } },
        chunk: {
          samples: [
            { key: 'train/quay.jpg', path: 'train/quay.jpg', split: 'train' },
            { key: 'more/fog.png', path: 'more/fog.png' },
          ],
        },
      }),
    },
  ],
  /** A file that was named is to be read: the images around it are no answer. */
  match: (probe) => Promise.resolve(!probe.named.length && imageIndex(probe.files).paths.length > 0 ? 0.01 : 0),
  async *read(source, options) {
    yield { labels: (options.labels ?? []).map((name) => ({ key: name, name })) }
    const { paths } = imageIndex(source.files)
    for (let at = 0; at < paths.length; at += 1000) {
      yield {
        samples: paths.slice(at, at + 1000).map((path): DatasetSample => {
          const split = splitOfPath(path)
          return { key: path, path, ...(split ? { split } : {}) }
        }),
      }
    }
  },
  async write(dataset, sink) {
    for await (const { sample } of dataset.items()) await sink.image(sample, sample.path)
  },
})
