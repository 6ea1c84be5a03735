/**
 * CVAT for images 1.1 and CVAT for video 1.1 ("Format specifications", CVAT's documentation): boxes, turned boxes, polygons,
 * ellipses, points, skeletons, masks, tags, attributes; tracks are read frame by frame and written as images.
 */
import { z } from 'zod'
import { TagwrightError } from '../../base/errors'
import { defineFormat, type FormatProbe } from '../format'
import { cvatExamples } from './cvat/examples'
import { readCvat } from './cvat/read'
import { writeCvat } from './cvat/write'
import { openClassTable } from './common/label-file'
import { extension } from './common/paths'
import { findByHead, probeOf } from './common/read-head'

export default defineFormat<Record<string, never>>({
  title: 'CVAT XML 1.1',
  shapes: ['box', 'rotated-box', 'polygon', 'mask', 'keypoints', 'tag'],
  stems: 'free',
  options: z.strictObject({}) as z.ZodType<Record<string, never>>,
  examples: cvatExamples,

  match: async (probe) => ((await findFiles(probe, 200)).length ? 1 : 0),

  async *read(source, { labels }) {
    const files = source.named.length ? source.named.filter((path) => extension(path) === '.xml') : await findFiles(probeOf(source)) // prettier-ignore
    if (!files.length) {
      throw new TagwrightError(
        'not-cvat',
        'There is no CVAT file here: an .xml whose root element is <annotations>. Choose another folder or format.',
      )
    }
    yield* readCvat(source, files, await openClassTable(source, labels))
  },

  write: (dataset, sink) => writeCvat(dataset, sink),
})

const findFiles = (probe: FormatProbe, most = Infinity): Promise<string[]> =>
  findByHead(
    probe,
    { ending: '.xml', bytes: 8192, most },
    (text) => /<annotations[\s>]/.test(text) && /<(version|meta|track|image\s[^>]*\bname\s*=)/.test(text),
  )
