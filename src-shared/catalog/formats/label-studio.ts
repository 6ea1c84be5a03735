/**
 * Label Studio's JSON export and JSON-MIN ("Export annotations" and "Label Studio JSON format of annotated tasks",
 * Label Studio's documentation): rectangles with rotation, polygons, brushes, ellipses, keypoints, choices; coordinates in percent.
 */
import { z } from 'zod'
import { TagwrightError } from '../../base/errors'
import { defineFormat, type FormatProbe } from '../format'
import { openClassTable } from './common/label-file'
import { extension } from './common/paths'
import { findByHead, probeOf } from './common/read-head'
import { labelStudioExamples } from './label-studio/examples'
import { readLabelStudio } from './label-studio/read'
import { writeLabelStudio } from './label-studio/write'

const options = z.strictObject({
  /** Class of keypoints that a parent joins without a rectangle to name it. */
  label: z.string().trim().min(1).default('object'),
})

export default defineFormat<z.infer<typeof options>>({
  title: 'Label Studio JSON',
  shapes: ['box', 'rotated-box', 'polygon', 'mask', 'keypoints', 'tag'],
  stems: 'free',
  options,
  examples: labelStudioExamples,

  match: async (probe) => ((await findFiles(probe, 200)).length ? 1 : 0),

  async *read(source, { label, labels }) {
    const files = source.named.length ? source.named.filter((path) => extension(path) === '.json') : await findFiles(probeOf(source)) // prettier-ignore
    if (!files.length) {
      throw new TagwrightError(
        'not-label-studio',
        'There is no Label Studio file here: a .json that lists tasks with "data" and "annotations", or JSON-MIN. Choose another folder or format.',
      )
    }
    yield* readLabelStudio(source, files, await openClassTable(source, labels), label)
  },

  write: (dataset, sink) => writeLabelStudio(dataset, sink),
})

const findFiles = (probe: FormatProbe, most = Infinity): Promise<string[]> =>
  findByHead(probe, { ending: '.json', bytes: 65536, most }, (text) => {
    if (!/^\s*\[\s*\{/.test(text)) return false
    const isExport = /"data"\s*:\s*\{/.test(text) && /"(annotations|completions|predictions)"\s*:\s*\[/.test(text)
    const isMin = /"(annotator|annotation_id)"\s*:/.test(text) || (/"(rectangle|polygon|keypoint|ellipse|brush)labels"\s*:/.test(text) && /"original_width"\s*:/.test(text)) // prettier-ignore
    return isExport || isMin
  })
