/** Writes one labelme file beside each image, in a folder per split. Layout as labelme 5 prints it. */
import { encodePngMask } from '../../../base/png-mask'
import type { Dataset, DatasetAnnotation, DatasetIssue, DatasetItem, DatasetLabel } from '../../../domain/dataset'
import { rotatedBoxCorners } from '../../../domain/shape-box'
import type { FormatSink } from '../../format'
import type { Row } from '../common/json-list'
import { labelFile, printLabelFile } from '../common/label-file'
import { windowOfMask } from '../common/mask-window'
import { stem, baseName } from '../common/paths'
import { circleRing } from './shapes'

export async function writeLabelme(dataset: Dataset, sink: FormatSink): Promise<void> {
  const labels = new Map(dataset.labels.map((label) => [label.key, label]))
  for await (const item of dataset.items()) {
    const { sample } = item
    const folder = sample.split ? `${sample.split}/` : ''
    const name = baseName(sample.path)
    const file = `${folder}${stem(name)}.json`
    await sink.image(sample, `${folder}${name}`)
    const report = (issue: Pick<DatasetIssue, 'level' | 'code' | 'message'>) => sink.report({ ...issue, file })
    await sink.write(file, `${JSON.stringify(await toFile(item, name, labels, report), null, 2)}\n`)
  }
  await sink.write(labelFile, printLabelFile(dataset.labels))
}

type Report = (issue: Pick<DatasetIssue, 'level' | 'code' | 'message'>) => void

async function toFile(
  { sample, annotations }: DatasetItem,
  name: string,
  labels: ReadonlyMap<string, DatasetLabel>,
  report: Report,
): Promise<Row> {
  const { other, flags, ...kept } = (sample.extra?.labelme ?? {}) as Row & { other?: Row[] }
  const tags = annotations.filter(({ shape }) => shape.kind === 'tag')
  const ids = groupIds(annotations, other ?? [])
  const shapes: Row[] = []
  for (const annotation of annotations) {
    const label = labels.get(annotation.label)
    if (annotation.shape.kind !== 'tag')
      shapes.push(...(await toShapes(annotation, label?.name ?? annotation.label, label, ids, report)))
  }
  return {
    version: '5.5.0',
    flags: {
      ...(flags as Row | undefined),
      ...Object.fromEntries(tags.map(({ label }) => [labels.get(label)?.name ?? label, true])),
    },
    shapes: [...shapes, ...(other ?? [])],
    imagePath: name,
    imageData: null,
    imageHeight: sample.height ?? null,
    imageWidth: sample.width ?? null,
    ...(sample.reviewed ? { checked: true } : {}),
    ...kept,
  }
}

/** Group numbers that the image does not use yet. */
function groupIds(annotations: readonly DatasetAnnotation[], other: readonly Row[]): () => number {
  const used = [...annotations.map(({ extra }) => extra?.labelme as Row | undefined), ...other].map((row) => row?.group_id)
  let next = 1 + Math.max(0, ...used.filter((id): id is number => typeof id === 'number'))
  return () => next++
} // prettier-ignore

async function toShapes(
  { shape, flags, extra }: DatasetAnnotation,
  name: string,
  label: DatasetLabel | undefined,
  newGroup: () => number,
  report: Report,
): Promise<Row[]> {
  const { shape_type, points: keptPoints, flags: keptFlags, group_id = null, ...rest } = (extra?.labelme ?? {}) as Row
  const { difficult, ...marks } = flags ?? {}
  const base = (type: string, points: readonly (readonly number[])[], group: unknown = group_id): Row => ({
    label: name,
    points,
    group_id: group,
    description: '',
    shape_type: type,
    flags: { ...(keptFlags as Row | undefined), ...Object.fromEntries(Object.entries(marks).filter(([, on]) => on)) },
    mask: null,
    ...(difficult ? { difficult: true } : {}),
    ...(extra?.attributes ? { attributes: extra.attributes } : {}),
    ...rest,
  })
  const noStated = (box: unknown) => {
    if (box) report({ level: 'warning', code: 'box-dropped', message: `The box stated beside the ${shape.kind} "${name}" is not written: labelme draws the outline alone.` }) // prettier-ignore
  }
  switch (shape.kind) {
    case 'box': {
      const [x1, y1, x2, y2] = shape.box
      return [base('rectangle', [[x1, y1], [x2, y2]])] // prettier-ignore
    }
    case 'rotated-box':
      return [base(shape_type === 'rotation' ? 'rotation' : 'oriented_rectangle', rotatedBoxCorners(shape.rotatedBox))]
    case 'polygon': {
      noStated(shape.box)
      const [ring] = shape.rings
      const isCircle = shape_type === 'circle' && JSON.stringify(circleRing(keptPoints as [number, number][])) === JSON.stringify(ring) // prettier-ignore
      if (isCircle && shape.rings.length === 1) return [base('circle', keptPoints as number[][])]
      const group = shape.rings.length > 1 ? newGroup() : group_id
      return shape.rings.map((ring) => base('polygon', ring, group))
    }
    case 'mask': {
      noStated(shape.box)
      const window = windowOfMask(shape.mask)
      if (!window) {
        report({ level: 'skipped', code: 'unsupported-shape', message: `An empty mask "${name}" has no place in labelme and is not written.` }) // prettier-ignore
        return []
      }
      const { left, top, width, height } = window
      return [{ ...base('mask', [[left, top], [left + width - 1, top + height - 1]]), mask: await encodePngMask(window) }] // prettier-ignore
    }
    case 'keypoints': {
      const names = shape.keypoints.map((_, i) => label?.skeleton?.names[i] ?? `point ${i + 1}`)
      const isLone = !shape.box && names.length === 1 && names[0] === name
      const group = isLone ? group_id : newGroup()
      const rows: Row[] = []
      const own = shape.box ? {} : { tagwright: { label: name } }
      if (shape.box) {
        const [x1, y1, x2, y2] = shape.box
        rows.push({ ...base('rectangle', [[x1, y1], [x2, y2]], group), tagwright: { pose: true } }) // prettier-ignore
      }
      shape.keypoints.forEach(([x, y, v], i) => {
        if (v === 0) return
        const hidden = v === 1 ? { occluded: true } : {}
        const bare = { label: names[i], points: [[x, y]], group_id: group, description: '', shape_type: 'point', flags: hidden, mask: null } // prettier-ignore
        if (isLone) rows.push({ ...base('point', [[x, y]]), flags: { ...(keptFlags as Row | undefined), ...hidden } })
        else if (shape.box || rows.length) rows.push({ ...bare, ...own })
        else {
          // Without a rectangle the first point carries what belongs to the whole object.
          const { points: _p, label: _l, group_id: _g, shape_type: _t, mask: _m, ...object } = base('point', [])
          rows.push({ ...bare, tagwright: { label: name, object } })
        }
      })
      if (!rows.length) report({ level: 'skipped', code: 'unsupported-shape', message: `A pose "${name}" without points and without a box has no place in labelme and is not written.` }) // prettier-ignore
      return rows
    }
    case 'tag':
      return []
  }
}
