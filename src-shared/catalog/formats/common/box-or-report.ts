/** The box of a shape, for files that hold boxes alone. */
import type { Shape } from '../../../domain/annotation'
import type { DatasetSample } from '../../../domain/dataset'
import type { Box } from '../../../domain/geometry'
import { shapeBox } from '../../../domain/shape-box'
import type { FormatSink } from '../../format'

/** Null for an empty shape; this, and a shape that becomes its box, is reported. @param place what cannot hold it: `a table` */
export function boxOrReport(
  shape: Shape,
  { path }: DatasetSample,
  sink: FormatSink,
  { file, place }: { file: string; place: string },
): Box | null {
  const { kind } = shape
  const box = shapeBox(shape)
  if (!box) sink.report({ level: 'skipped', code: 'unsupported-shape', message: `An empty ${kind} on ${path} has no place in ${place} and is not written.`, file }) // prettier-ignore
  else if (kind !== 'box') sink.report({ level: 'warning', code: 'shape-as-box', message: `A ${kind} on ${path} is written as its box. Export as COCO to keep the ${kind}.`, file }) // prettier-ignore
  return box
}
