/** Writes images/<split>, labels/<split>, classes.txt and data.yaml. */
import { stringify } from 'yaml'
import type { ShapeKind } from '../../../domain/annotation'
import type { Dataset, DatasetAnnotation, DatasetIssue, DatasetLabel } from '../../../domain/dataset'
import type { Ring } from '../../../domain/geometry'
import { clipBox } from '../../../domain/geometry'
import { rotatedBoxCorners, shapeBox } from '../../../domain/shape-box'
import type { FormatSink } from '../../format'
import { baseName, stem } from '../common/paths'
import { fraction, keypointFractions } from './rows'

export type YoloTask = 'detect' | 'segment' | 'pose' | 'obb'

export async function writeYolo(dataset: Dataset, sink: FormatSink, wanted: YoloTask | 'auto'): Promise<void> {
  const task = wanted === 'auto' ? await chooseTask(dataset) : wanted
  const points =
    task === 'pose'
      ? Math.max(1, ...dataset.labels.map((label) => label.skeleton?.names.length ?? 0), await longestPose(dataset))
      : 0
  const indexOf = new Map(dataset.labels.map((label, index) => [label.key, index]))
  const nameOf = new Map(dataset.labels.map((label) => [label.key, label.name]))
  const used = new Set<string>()
  for await (const { sample, annotations } of dataset.items()) {
    const folder = sample.split ?? ''
    used.add(folder)
    const place = folder ? `${folder}/` : ''
    const file = `labels/${place}${stem(sample.path)}.txt`
    const report = (level: DatasetIssue['level'], code: string, message: string) =>
      sink.report({ level, code, message, file })
    await sink.image(sample, `images/${place}${baseName(sample.path)}`)
    const rows: string[] = []
    if (annotations.length && !(sample.width && sample.height)) {
      report(
        'skipped',
        'no-size',
        `The size of ${sample.path} is not known, so its ${annotations.length} annotations cannot be written as fractions. Check that the image can be read.`,
      )
    } else {
      for (const annotation of annotations) {
        const name = nameOf.get(annotation.label) ?? annotation.label
        for (const values of toRows(annotation, sample.width!, sample.height!, task, points, (level, code, message) =>
          report(level, code, message.replace('%', `"${name}"`)),
        )) {
          const row = `${indexOf.get(annotation.label)} ${values.join(' ')}`
          if (rows.includes(row))
            report('warning', 'duplicate-row', `Two objects "${name}" are the same; the row is written once.`)
          else rows.push(row)
        }
      }
    }
    await sink.write(file, rows.map((row) => `${row}\n`).join(''))
  }
  if (used.has('') && used.size > 1) {
    sink.report({
      level: 'warning',
      code: 'no-split',
      message: 'Samples without a split are written to images/ itself, which data.yaml does not name.',
      file: 'data.yaml',
    })
  } else if (used.has('')) {
    sink.report({
      level: 'warning',
      code: 'no-split',
      message:
        'No sample has a split, so data.yaml names no folders for train and val. Assign splits before training elsewhere.',
      file: 'data.yaml',
    })
  }
  await sink.write('data.yaml', printYaml(dataset, used, task, points))
}

async function chooseTask(dataset: Dataset): Promise<YoloTask> {
  const kinds = new Set<ShapeKind>()
  for await (const { annotations } of dataset.items()) for (const { shape } of annotations) kinds.add(shape.kind)
  if (kinds.has('keypoints')) return 'pose'
  if (kinds.has('polygon')) return 'segment'
  return kinds.has('rotated-box') ? 'obb' : 'detect'
}

async function longestPose(dataset: Dataset): Promise<number> {
  let longest = 0
  for await (const { annotations } of dataset.items()) {
    for (const { shape } of annotations)
      if (shape.kind === 'keypoints') longest = Math.max(longest, shape.keypoints.length)
  }
  return longest
}

type Report = (level: DatasetIssue['level'], code: string, message: string) => void

/** The numbers after the class, one row each. `%` in messages stands for the label. */
function toRows(
  { shape }: DatasetAnnotation,
  width: number,
  height: number,
  task: YoloTask,
  points: number,
  report: Report,
): string[][] {
  const whole = shapeBox(shape)
  if (!whole) {
    report(
      'skipped',
      'unsupported-shape',
      `${shape.kind === 'tag' ? 'An image tag' : `An empty ${shape.kind}`} % has no place in a YOLO file and is not written. Export as COCO to keep it.`,
    )
    return []
  }
  const [x1, y1, x2, y2] = clipBox(whole, width, height)
  if (!(x2 > x1 && y2 > y1)) {
    report('skipped', 'zero-area', 'An object % has no area inside of the image and is not written.')
    return []
  }
  const box = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height].map(fraction)
  const ringRow = (ring: Ring) => ring.flatMap(([x, y]) => [fraction(x / width), fraction(y / height)])
  const clipped = (ring: Ring): Ring =>
    ring.map(([x, y]) => [Math.min(width, Math.max(0, x)), Math.min(height, Math.max(0, y))])
  switch (task) {
    case 'pose': {
      if (shape.kind === 'keypoints') {
        const filled = [
          ...shape.keypoints,
          ...Array.from({ length: points - shape.keypoints.length }, () => [0, 0, 0] as const),
        ]
        return [[...box, ...keypointFractions(filled, width, height)]]
      }
      report(
        'warning',
        'shape-as-box',
        `A ${shape.kind} % is written as its box with no visible points, because every row of a pose file has them.`,
      )
      return [[...box, ...Array.from({ length: points * 3 }, () => '0')]]
    }
    case 'segment': {
      if (shape.kind === 'polygon') {
        if (shape.rings.length > 1)
          report(
            'warning',
            'rings-apart',
            `A polygon % of ${shape.rings.length} rings is written as ${shape.rings.length} rows: YOLO has one ring a row, and no holes.`,
          )
        return shape.rings.map((ring) => ringRow(clipped(ring)))
      }
      report(
        'warning',
        'box-as-polygon',
        `A ${shape.kind} % is written as a polygon of 4 points, because a segmentation file holds nothing else.`,
      )
      return [
        ringRow(clipped(shape.kind === 'rotated-box' ? rotatedBoxCorners(shape.rotatedBox) : corners(x1, y1, x2, y2))),
      ]
    }
    case 'obb': {
      if (shape.kind === 'rotated-box') return [ringRow(rotatedBoxCorners(shape.rotatedBox))]
      if (shape.kind !== 'box') report('warning', 'shape-as-box', `A ${shape.kind} % is written as its upright box.`)
      return [ringRow(corners(x1, y1, x2, y2))]
    }
    case 'detect':
      if (shape.kind !== 'box')
        report(
          'warning',
          'shape-as-box',
          `A ${shape.kind} % is written as its box. Export as COCO to keep the ${shape.kind}.`,
        )
      return [box]
  }
}

const corners = (x1: number, y1: number, x2: number, y2: number): Ring => [
  [x1, y1],
  [x2, y1],
  [x2, y2],
  [x1, y2],
]

/** The pairs that `flip_idx` means for a class of so many points; none: nothing changes sides. */
export function pairsOf(flip: readonly number[], count: number): number[] {
  const own = flip.slice(0, count)
  return own.every((to, from) => to === from) || own.some((to) => to >= count) ? [] : own
}

function printYaml(dataset: Dataset, used: Set<string>, task: YoloTask, points: number): string {
  const data = new Map<string, unknown>([['path', '.']])
  for (const split of ['train', 'val', 'test']) if (used.has(split)) data.set(split, `images/${split}`)
  // A Map keeps the keys numbers, and in ascending order: some readers take the order and ignore the keys.
  data.set('names', new Map(dataset.labels.map((label, index) => [index, label.name])))
  if (task === 'obb') data.set('task', 'obb')
  if (task === 'pose') {
    data.set('kpt_shape', [points, 3])
    const skeletons = dataset.labels.filter((label) => label.skeleton)
    const flip = skeletons.find((label) => label.skeleton!.flip.length === points)?.skeleton!.flip
    data.set('flip_idx', flip ?? Array.from({ length: points }, (_, i) => i))
    const indexOf = (label: DatasetLabel) => dataset.labels.indexOf(label)
    if (skeletons.length)
      data.set('kpt_names', new Map(skeletons.map((label) => [indexOf(label), label.skeleton!.names])))
    // What YOLO has no key for: other programs ignore ours.
    const more = skeletons.flatMap((label) => {
      const { edges, flip: own, sigmas, names } = label.skeleton!
      const differs = JSON.stringify(own) !== JSON.stringify(pairsOf(flip ?? [], names.length))
      const kept = {
        ...(edges.length ? { edges } : {}),
        ...(sigmas.length ? { sigmas } : {}),
        ...(differs ? { flip: own } : {}),
      }
      return Object.keys(kept).length ? [[indexOf(label), kept] as const] : []
    })
    if (more.length) data.set('tagwright', { skeletons: new Map(more) })
  }
  return stringify(data, { flowCollectionPadding: false, lineWidth: 0, collectionStyle: 'any' })
}
