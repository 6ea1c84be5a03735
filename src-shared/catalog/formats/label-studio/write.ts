/** Writes tasks.json to be imported into Label Studio, its labelling configuration, and the images in images/<split>. */
import { escapeXml } from '../../../base/xml'
import type { Dataset, DatasetAnnotation, DatasetIssue, DatasetLabel } from '../../../domain/dataset'
import type { FormatSink } from '../../format'
import type { Row } from '../common/json-list'
import { labelFile, printLabelFile } from '../common/label-file'
import { ellipseRing } from '../common/point-sets'
import { writeBrush } from './brush'

const file = 'tasks.json'
/** Percent are read back as the same pixels: fifteen digits hold any place in an image. */
const percent = (value: number, size: number): number => (value * 100) / size

export async function writeLabelStudio(dataset: Dataset, sink: FormatSink): Promise<void> {
  const labels = new Map(dataset.labels.map((label) => [label.key, label]))
  const out = await sink.open(file)
  const reported = new Set<string>()
  const report: Report = (issue) => {
    if (issue.level === 'warning' && reported.has(issue.code)) return
    reported.add(issue.code)
    sink.report({ ...issue, file })
  }
  let isFirst = true
  for await (const { sample, annotations } of dataset.items()) {
    const path = `images/${sample.split ? `${sample.split}/` : ''}${sample.path}`
    await sink.image(sample, path)
    const { data, other, id: _, ...kept } = (sample.extra?.labelStudio ?? {}) as Row & { other?: Row[] }
    const result: Row[] = []
    if (annotations.some(({ shape }) => shape.kind !== 'tag') && !(sample.width && sample.height)) {
      report({ level: 'skipped', code: 'no-size', message: `The size of ${sample.path} is not known, so its annotations cannot be written as percent. Check that the image can be read.` }) // prettier-ignore
    } else {
      annotations.forEach((annotation, i) => {
        const label = labels.get(annotation.label)!
        result.push(...toRegions(annotation, label, sample.width!, sample.height!, `r${i}`, report))
      })
    }
    const task: Row = {
      data: { ...(data as Row | undefined), image: `/data/local-files/?d=${path.split('/').map(encode).join('/')}` },
      annotations: [{ result: [...result, ...(other ?? [])] }],
      ...(sample.reviewed ? { meta: { tagwright: { reviewed: true } } } : {}),
      ...kept,
    }
    await out.write(`${isFirst ? '[\n' : ',\n'}${JSON.stringify(task)}`)
    isFirst = false
  }
  await out.write(isFirst ? '[]\n' : '\n]\n')
  await out.close()
  await sink.write('labeling-config.xml', printConfig(dataset.labels))
  await sink.write(labelFile, printLabelFile(dataset.labels))
}

type Report = (issue: Pick<DatasetIssue, 'level' | 'code' | 'message'>) => void

const encode = (text: string): string => text.replace(/[%?#&+ ]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`) // prettier-ignore

function toRegions(
  { shape, flags, extra }: DatasetAnnotation,
  { name, skeleton }: DatasetLabel,
  width: number,
  height: number,
  id: string,
  report: Report,
): Row[] {
  const { meta, ellipse, ...kept } = (extra?.labelStudio ?? {}) as Row
  const own: Row = { ...(flags ? { flags } : {}), ...(extra?.attributes ? { attributes: extra.attributes } : {}) }
  const region = (type: string, value: Row, more: Row = {}, regionId = id): Row => {
    const tagwright = { ...own, ...more }
    const wholeMeta = { ...(meta as Row | undefined), ...(Object.keys(tagwright).length ? { tagwright } : {}) }
    return {
      id: regionId,
      type: `${type}labels`,
      from_name: type,
      to_name: 'image',
      original_width: width,
      original_height: height,
      image_rotation: 0,
      value: { ...value, [`${type}labels`]: [name] },
      origin: 'manual',
      ...(Object.keys(wholeMeta).length ? { meta: wholeMeta } : {}),
      ...kept,
    }
  }
  const box = ([x1, y1, x2, y2]: readonly number[]): Row => ({ x: percent(x1, width), y: percent(y1, height), width: percent(x2 - x1, width), height: percent(y2 - y1, height), rotation: 0 }) // prettier-ignore
  if ('box' in shape && shape.kind === 'polygon' && shape.box) report({ level: 'warning', code: 'box-dropped', message: 'Boxes stated beside a polygon have no place in Label Studio and are not written. Export as COCO to keep them.' }) // prettier-ignore
  switch (shape.kind) {
    case 'box':
      return [region('rectangle', box(shape.box))]
    case 'rotated-box': {
      const [cx, cy, w, h, angle] = shape.rotatedBox
      const [c, s] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]
      const [x, y] = [cx - (w / 2) * c + (h / 2) * s, cy - (w / 2) * s - (h / 2) * c]
      return [region('rectangle', { ...box([x, y, x + w, y + h]), width: percent(w, width), height: percent(h, height), rotation: angle || 360 })] // prettier-ignore
    }
    case 'polygon': {
      const value = ellipse as { x: number; y: number; radiusX: number; radiusY: number; rotation?: number } | undefined
      if (value && shape.rings.length === 1) {
        const ring = ellipseRing((value.x * width) / 100, (value.y * height) / 100, (value.radiusX * width) / 100, (value.radiusY * height) / 100, value.rotation ?? 0) // prettier-ignore
        if (JSON.stringify(ring) === JSON.stringify(shape.rings[0])) return [region('ellipse', { x: value.x, y: value.y, radiusX: value.radiusX, radiusY: value.radiusY, rotation: value.rotation ?? 0 })] // prettier-ignore
      }
      // One ring a region: the others name the first, which Label Studio shows as polygons of their own.
      return shape.rings.map((ring, i) => {
        const points = ring.map(([x, y]) => [percent(x, width), percent(y, height)])
        return region('polygon', { points, closed: true }, shape.rings.length > 1 ? { ring: id } : {}, i ? `${id}-${i}` : id) // prettier-ignore
      })
    }
    case 'keypoints': {
      const isLone = !shape.box && shape.keypoints.length === 1 && skeleton?.names[0] === name
      const rows: Row[] = shape.box ? [region('rectangle', box(shape.box), { pose: true })] : []
      shape.keypoints.forEach(([x, y, v], i) => {
        if (v === 0) return
        const point = skeleton?.names[i] ?? `point ${i + 1}`
        const more = { ...(v === 1 ? { v: 1 } : {}), ...(shape.box || isLone ? {} : { label: name }) }
        const row = region('keypoint', { x: percent(x, width), y: percent(y, height), width: 0.5 }, more, isLone ? id : `${id}-p${i}`) // prettier-ignore
        ;(row.value as Row).keypointlabels = [point]
        if (!isLone) row.parentID = id
        if (shape.box) row.meta = v === 1 ? { tagwright: { v: 1 } } : undefined
        rows.push(row)
      })
      if (!rows.length) report({ level: 'skipped', code: 'unsupported-shape', message: `A pose "${name}" without points and without a box has no place in Label Studio and is not written.` }) // prettier-ignore
      return rows
    }
    case 'tag': {
      const row = { id, type: 'choices', from_name: 'choice', to_name: 'image', value: { choices: [name] }, origin: 'manual', ...kept } // prettier-ignore
      const wholeMeta = { ...(meta as Row | undefined), ...(Object.keys(own).length ? { tagwright: own } : {}) }
      return [Object.keys(wholeMeta).length ? { ...row, meta: wholeMeta } : row]
    }
    case 'mask':
      return [region('brush', { format: 'rle', rle: writeBrush(shape.mask) })]
  }
}

/** All kinds for all classes: Label Studio shows only what its configuration names. */
function printConfig(labels: readonly DatasetLabel[]): string {
  const list = (tag: string, name: string, item: string, names: readonly string[], more = '') =>
    names.length
      ? `  <${tag} name="${name}" toName="image"${more}>\n${[...new Set(names)].map((one) => `    <${item} value="${escapeXml(one)}"/>\n`).join('')}  </${tag}>\n` // prettier-ignore
      : ''
  const names = labels.map(({ name }) => name)
  const points = labels.flatMap(({ skeleton }) => skeleton?.names ?? [])
  return `<View>\n  <Image name="image" value="$image" zoom="true"/>\n${list('RectangleLabels', 'rectangle', 'Label', names, ' canRotate="true"')}${list('PolygonLabels', 'polygon', 'Label', names)}${list('BrushLabels', 'brush', 'Label', names)}${list('EllipseLabels', 'ellipse', 'Label', names)}${list('KeyPointLabels', 'keypoint', 'Label', points)}${list('Choices', 'choice', 'Choice', names, ' choice="multiple"')}</View>\n` // prettier-ignore
}
