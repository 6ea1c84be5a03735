/**
 * MPII Human Pose as pose toolboxes keep it: a list of persons with `image`, 16 `joints`, `joints_vis`, `center` and `scale`
 * (of 200 pixels: the height of the square around the person). Points are counted from 1 in the original; the lists count
 * as their toolboxes read them, from 0, and are taken as they are.
 */
import { z } from 'zod'
import { TagwrightError } from '../../base/errors'
import type { DatasetAnnotation, DatasetIssue, DatasetSample } from '../../domain/dataset'
import type { Shape } from '../../domain/annotation'
import { defineFormat, type FormatProbe } from '../format'
import { checkShape } from './common/check-shape'
import { findImage } from './common/find-image'
import { imageIndex } from './common/image-index'
import { readJsonList, toNumber, toPoints, type Row } from './common/json-list'
import { extension, folderOf, splitOfName, splitOfPath, stem } from './common/paths'
import { findByHead, probeOf } from './common/read-head'
import { mpiiSkeleton } from './mpii/skeleton'

const options = z.strictObject({ label: z.string().trim().min(1).default('person') })
const count = mpiiSkeleton.names.length

export default defineFormat<z.infer<typeof options>>({
  title: 'MPII pose JSON',
  shapes: ['keypoints'],
  stems: 'free',
  options,
  asksLabel: true,
  examples: [
    {
      name: 'two persons, missing points',
      dataset: () => ({
        sizes: { 'quay.jpg': { width: 640, height: 480 } },
        chunk: {
          labels: [{ key: 'person', name: 'person', skeleton: mpiiSkeleton }],
          samples: [{ key: 'quay.jpg', path: 'quay.jpg', split: 'train' }],
          annotations: [0, 100].map((dx) => ({
            sample: 'quay.jpg',
            label: 'person',
            shape: { kind: 'keypoints' as const, keypoints: mpiiSkeleton.names.map((_, i): [number, number, 0 | 2] => (i % 5 ? [dx + 10 * i, 20 + i / 2, 2] : [0, 0, 0])) }, // prettier-ignore
            extra: { mpii: { center: [dx + 50, 40], scale: 1.5 } },
          })),
        },
      }),
    },
  ],

  match: async (probe) => ((await findFiles(probe, 200)).length ? 1 : 0),

  async *read(source, { label }) {
    const files = source.named.length ? source.named.filter((path) => extension(path) === '.json') : await findFiles(probeOf(source)) // prettier-ignore
    if (!files.length) throw new TagwrightError('not-mpii', 'There is no MPII file here: a .json that lists "image", "joints" and "joints_vis". Choose another folder or format.') // prettier-ignore
    yield { labels: [{ key: label, name: label, skeleton: mpiiSkeleton }] }
    const images = imageIndex(source.files)
    const done = new Set<string>()
    for (const file of files) {
      const split = splitOfName(stem(file)) ?? splitOfPath(file)
      for await (const { rows, lines, issues: broken } of readJsonList(source, file, 'an MPII file')) {
        const samples: DatasetSample[] = []
        const annotations: DatasetAnnotation[] = []
        const issues: DatasetIssue[] = [...broken]
        for (const [i, row] of rows.entries()) {
          const issue = (level: DatasetIssue['level'], code: string, message: string) => issues.push({ level, code, message, file, line: lines[i] }) // prettier-ignore
          const { image, joints, joints_vis, ...rest } = row
          if (typeof image !== 'string' || image === '') {
            issue('skipped', 'bad-image', 'A row without "image" is skipped.')
            continue
          }
          const { path } = findImage(image, folderOf(file), images, split)
          if (!done.has(path)) samples.push({ key: path, path, ...((split ?? splitOfPath(path)) ? { split: split ?? splitOfPath(path)! } : {}) }) // prettier-ignore
          done.add(path)
          const points = toPoints(joints)
          if (points?.length !== count) {
            issue('skipped', 'bad-keypoints', `A person has ${points ? `${points.length} joints` : 'joints that are no pairs of numbers'}; MPII has ${count}. The row is skipped; correct it.`) // prettier-ignore
            continue
          }
          const seen = Array.isArray(joints_vis) ? joints_vis.map(toNumber) : []
          const keypoints = points.map(([x, y], k): [number, number, 0 | 2] => ((seen[k] ?? 1) > 0 ? [x, y, 2] : [0, 0, 0])) // prettier-ignore
          const shape: Shape = { kind: 'keypoints', keypoints }
          const size = await source.imageSize(path)
          const problem = checkShape(shape, size?.width, size?.height)
          if (problem) issue(problem.level, problem.code, problem.message)
          if (problem?.level === 'skipped') continue
          annotations.push({ sample: path, label, shape, ...(Object.keys(rest).length ? { extra: { mpii: rest } } : {}) }) // prettier-ignore
        }
        yield { samples, annotations, issues }
      }
    }
  },

  async write(dataset, sink) {
    const lists = new Map<string, Row[]>()
    const names = new Map(dataset.labels.map(({ key, name }) => [key, name]))
    for await (const { sample, annotations } of dataset.items()) {
      const path = `annotations/${sample.split ?? 'mpii'}.json`
      const rows = lists.get(path) ?? []
      lists.set(path, rows)
      await sink.image(sample, `images/${sample.path}`)
      for (const { label, shape, extra } of annotations) {
        const report = (code: string, message: string) => sink.report({ level: 'warning', code, message, file: path })
        if (shape.kind !== 'keypoints' || shape.keypoints.length !== count) {
          sink.report({ level: 'skipped', code: 'unsupported-shape', message: `${shape.kind === 'keypoints' ? `A pose of ${shape.keypoints.length} points` : `A ${shape.kind}`} on ${sample.path} is not written: MPII has persons of ${count} points. Export as COCO to keep it.`, file: path }) // prettier-ignore
          continue
        }
        if (names.size > 1) report('class-dropped', `A "${names.get(label)}" on ${sample.path} is written as a person: MPII has no classes. Export as COCO to keep them.`) // prettier-ignore
        const hidden = shape.keypoints.filter(([, , v]) => v === 1).length
        if (hidden > 0) report('hidden-as-visible', `${hidden} hidden points on ${sample.path} are written like visible ones: MPII does not tell them apart.`) // prettier-ignore
        const box = shape.box
        const place = box ? { center: [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2], scale: Math.max(box[2] - box[0], box[3] - box[1]) / 200 } : {} // prettier-ignore
        rows.push({
          joints_vis: shape.keypoints.map(([, , v]) => (v > 0 ? 1 : 0)),
          joints: shape.keypoints.map(([x, y]) => [x, y]),
          image: sample.path,
          ...place,
          ...(extra?.mpii as Row | undefined),
        })
      }
    }
    for (const [path, rows] of lists) await sink.write(path, `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`) // prettier-ignore
  },
})

const findFiles = (probe: FormatProbe, most = Infinity): Promise<string[]> =>
  findByHead(
    probe,
    { ending: '.json', bytes: 16384, most },
    (text) => /^\s*\[\s*\{/.test(text) && /"joints_vis"\s*:/.test(text) && /"joints"\s*:/.test(text),
  )
