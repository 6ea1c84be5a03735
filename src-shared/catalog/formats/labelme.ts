/**
 * labelme JSON, one file per image: rectangles, polygons, circles, turned rectangles, masks, points joined by group_id, image
 * flags. Fields as labelme's own format description names them; X-AnyLabeling's additions are kept.
 */
import { z } from 'zod'
import { TagwrightError } from '../../base/errors'
import { defineFormat, type FormatProbe } from '../format'
import { openClassTable } from './common/label-file'
import { extension } from './common/paths'
import { findByHead, probeOf } from './common/read-head'
import { labelmeExamples } from './labelme/examples'
import { readLabelme } from './labelme/read'
import { writeLabelme } from './labelme/write'

const options = z.strictObject({
  /** Class of points that a group joins without a rectangle to name it. */
  label: z.string().trim().min(1).default('object'),
})

export default defineFormat<z.infer<typeof options>>({
  title: 'labelme JSON',
  shapes: ['box', 'polygon', 'rotated-box', 'mask', 'keypoints', 'tag'],
  stems: 'flat',
  options,
  examples: labelmeExamples,

  async match(probe) {
    const found = await findFiles(probe, 20)
    return found.length ? 1 : 0
  },

  async *read(source, { label, labels }) {
    const files = source.named.length ? source.named.filter((path) => extension(path) === '.json') : await findFiles(probeOf(source)) // prettier-ignore
    if (!files.length) {
      throw new TagwrightError(
        'not-labelme',
        'There is no labelme file here: a .json with "shapes" and "imagePath" for each image. Choose another folder or format.',
      )
    }
    yield* readLabelme(source, files, await openClassTable(source, labels), label)
  },

  write: (dataset, sink) => writeLabelme(dataset, sink),
})

/** @param most files looked at: a folder of one tool holds nothing else. */
const findFiles = (probe: FormatProbe, most = Infinity): Promise<string[]> =>
  findByHead(
    probe,
    { ending: '.json', bytes: 16384, most },
    (text) => /^\s*\{/.test(text) && /"shapes"\s*:\s*\[/.test(text) && /"(version|imagePath|flags)"\s*:/.test(text),
  )
