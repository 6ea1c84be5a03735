/**
 * DeepLabCut's labelled data: CollectedData_<scorer>.csv beside the frames, one animal or several. Layout as DeepLabCut's
 * documentation describes it (labeled-data, the pandas table with the rows scorer, individuals, bodyparts, coords).
 */
import { z } from 'zod'
import { TagwrightError } from '../../base/errors'
import { defineFormat, type FormatProbe } from '../format'
import { extension } from './common/paths'
import { findByHead, probeOf } from './common/read-head'
import { deepLabCutExamples } from './deeplabcut/examples'
import { readDeepLabCut } from './deeplabcut/read'
import { writeDeepLabCut } from './deeplabcut/write'

const options = z.strictObject({
  /** Class of the animals: the files name points and individuals only. */
  label: z.string().trim().min(1).default('animal'),
  /** Writing: the image as one path, or in three columns as DeepLabCut does since 2.3; `auto`: as it was read. */
  index: z.enum(['auto', 'path', 'columns']).default('auto'),
})

export default defineFormat<z.infer<typeof options>>({
  title: 'DeepLabCut CSV',
  shapes: ['keypoints'],
  stems: 'free',
  options,
  asksLabel: true,
  examples: deepLabCutExamples,

  async match(probe) {
    return (await findFiles(probe, 2000)).length ? 1 : 0
  },

  async *read(source, { label }) {
    let files = source.named.filter((path) => extension(path) === '.csv')
    if (!files.length) files = await findFiles(probeOf(source))
    if (!files.length) {
      throw new TagwrightError(
        'not-deeplabcut',
        'There is no DeepLabCut file here: a CollectedData CSV whose first rows are scorer, bodyparts and coords. Choose another folder or format.',
      )
    }
    yield* readDeepLabCut(source, files, label)
  },

  write: (dataset, sink, options) => writeDeepLabCut(dataset, sink, options),
})

/** CSV files that begin with DeepLabCut's header rows. */
const findFiles = (probe: FormatProbe, most = Infinity): Promise<string[]> =>
  findByHead(probe, { ending: '.csv', bytes: 4096, most }, async (text, path) => {
    if (!/^\s*"?scorer"?,/.test(text)) return false
    // Many points make long rows: the second one may lie further on.
    const whole = /\n"?bodyparts"?,/.test(text) ? text : await probe.head(path, 1 << 18)
    return /\n"?bodyparts"?,/.test(whole)
  })
