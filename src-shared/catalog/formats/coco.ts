/** COCO JSON: boxes, polygons, run-length masks and keypoints of a whole data set in one file of any size. */
import { z } from 'zod'
import { TagwrightError } from '../../base/errors'
import { defineFormat, type FormatProbe, type FormatSource } from '../format'
import { extension } from './common/paths'
import { findByHead, probeOf } from './common/read-head'
import { cocoExamples } from './coco/examples'
import { readCoco } from './coco/read'
import { writeCoco } from './coco/write'

export default defineFormat<Record<string, never>>({
  title: 'COCO JSON',
  shapes: ['box', 'polygon', 'mask', 'keypoints'],
  stems: 'free',
  options: z.strictObject({}) as z.ZodType<Record<string, never>>,
  examples: cocoExamples,

  async match(probe) {
    const files = await findFiles(probe)
    return files.length ? 1 : 0
  },

  async *read(source, options) {
    yield* readCoco(source, await listFiles(source), options.labels, false)
  },

  async *readTexts(source, options) {
    yield* readCoco(source, await listFiles(source), options.labels, true)
  },

  write: (dataset, sink) => writeCoco(dataset, sink),
})

async function listFiles(source: FormatSource): Promise<string[]> {
  const files = source.named.filter((path) => extension(path) === '.json')
  if (!files.length) files.push(...(await findFiles(probeOf(source))))
  if (files.length) return files
  throw new TagwrightError(
    'not-coco',
    'There is no COCO file here: a .json with "images", "annotations" and "categories". Choose another folder or format.',
  )
}

/** Files whose beginning looks like an object with COCO's lists. */
const findFiles = (probe: FormatProbe): Promise<string[]> =>
  findByHead(probe, { ending: '.json', bytes: 65536 }, async (text, path) => {
    if (!/^\s*\{/.test(text)) return false
    // A long "info" or "licenses" may come before the lists.
    const whole = /"(info|licenses)"\s*:/.test(text) && !lists.test(text) ? await probe.head(path, 1 << 20) : text
    return lists.test(whole)
  })

const lists = /"(images|annotations)"\s*:\s*\[/
