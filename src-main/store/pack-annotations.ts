/**
 * Annotations of an import as columns: what a reading thread hands over in a few large pieces instead of many small
 * objects, with the shapes as the text that is stored. Needs no database.
 */
import type { Shape, ShapeKind } from '@shared/domain/annotation'
import type { DatasetAnnotation, ShapeText } from '@shared/domain/dataset'
import { toJson } from './json'
import { packFlags, packShape, unpackShape } from './pack-shape'

export interface PackedAnnotations {
  count: number
  /** Distinct keys, and for each annotation the index of its key. */
  samples: string[]
  sample: Uint32Array
  labels: string[]
  label: Uint32Array
  kinds: ShapeKind[]
  kind: Uint8Array
  /** Rows x1, y1, x2, y2 in pixels; NaN where a shape has no box. */
  boxes: Float64Array
  /** The column `shape`. */
  shapes: (string | null)[]
  /** Pixels squared; NaN: not stated. */
  areas: Float64Array
  flags: Uint8Array
  /** The column `extra`; null when no annotation has one. */
  extras: (string | null)[] | null
}

export function packAnnotations(annotations: readonly DatasetAnnotation<Shape | ShapeText>[]): PackedAnnotations {
  const count = annotations.length
  const [samples, labels, kinds] = [numbering<string>(), numbering<string>(), numbering<ShapeKind>()]
  const packed: PackedAnnotations = {
    count,
    samples: samples.values,
    sample: new Uint32Array(count),
    labels: labels.values,
    label: new Uint32Array(count),
    kinds: kinds.values,
    kind: new Uint8Array(count),
    boxes: new Float64Array(4 * count),
    shapes: [],
    areas: new Float64Array(count),
    flags: new Uint8Array(count),
    extras: annotations.some(({ extra }) => extra !== undefined) ? [] : null,
  }
  annotations.forEach(({ sample, label, shape, flags, area, extra }, i) => {
    packed.sample[i] = samples.of(sample)
    packed.label[i] = labels.of(label)
    packed.kind[i] = kinds.of(shape.kind)
    setShape(packed, i, shape)
    packed.areas[i] = area ?? NaN
    packed.flags[i] = packFlags(flags)
    packed.extras?.push(toJson(extra))
  })
  return packed
}

function setShape({ boxes, shapes }: PackedAnnotations, i: number, shape: Shape | ShapeText): void {
  const { x1, y1, x2, y2, shape: text } = packShape(shape)
  boxes[4 * i] = x1 ?? NaN
  boxes[4 * i + 1] = y1 ?? NaN
  boxes[4 * i + 2] = x2 ?? NaN
  boxes[4 * i + 3] = y2 ?? NaN
  shapes[i] = text
}

/** Changes in place the shapes of samples for which `change` gives a function (of shapes of the same kind). */
export function changeShapes(
  packed: PackedAnnotations,
  change: (sample: string) => ((shape: Shape) => Shape) | null,
): void {
  const changes = packed.samples.map(change)
  if (changes.every((fn) => fn === null)) return
  for (let i = 0; i < packed.count; i++) {
    const fn = changes[packed.sample[i]]
    if (!fn) continue
    const [x1, y1, x2, y2] = packed.boxes.subarray(4 * i, 4 * i + 4)
    const kind = packed.kinds[packed.kind[i]]
    setShape(packed, i, fn(unpackShape({ kind, x1, y1, x2, y2, shape: packed.shapes[i] })))
  }
}

function numbering<T>(): { values: T[]; of(value: T): number } {
  const values: T[] = []
  const numbers = new Map<T, number>()
  let last: T
  let lastNumber = -1
  return {
    values,
    of(value) {
      // Files list the annotations of an image one after the other.
      if (lastNumber >= 0 && value === last) return lastNumber
      let number = numbers.get(value)
      if (number === undefined) numbers.set(value, (number = values.push(value) - 1))
      last = value
      return (lastNumber = number)
    },
  }
}
