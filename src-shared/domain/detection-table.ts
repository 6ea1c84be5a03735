/** What a model told of a video as a table: a row an object, and one for each frame without any. */
import { printCell } from '../base/read-csv'
import type { Detection } from './detection'

export interface TableFrame {
  frame: number
  /** Seconds. */
  time: number
  detections: readonly Detection[]
}

/** @param points names of the points of its objects, in their order. */
export interface TableLabel {
  name: string
  points?: readonly string[] | undefined
}

const round = (value: number, digits = 2): number => Number(value.toFixed(digits))

/**
 * CSV: frame, time (s), class, score, the corners of the box, then x, y and confidence of every point that any label names
 * (px of the video). Points of other labels and frames without objects have empty cells.
 */
export function detectionTable(frames: readonly TableFrame[], labels: readonly TableLabel[]): string {
  const points = [...new Set(labels.flatMap((label) => label.points ?? []))]
  const header = ['frame', 'time', 'class', 'score', 'x1', 'y1', 'x2', 'y2', ...points.flatMap((name) => [`${name} x`, `${name} y`, `${name} confidence`])] // prettier-ignore
  const rows = frames.flatMap(({ frame, time, detections }) => {
    const at = [frame, round(time, 3)]
    if (detections.length === 0) return [[...at, ...Array<string>(header.length - at.length).fill('')]]
    return detections.map(({ label, score, box, keypoints = [] }) => {
      const own = labels[label]?.points ?? []
      const cells = points.flatMap((name) => keypoints[own.indexOf(name)]?.map((v) => round(v, 3)) ?? ['', '', ''])
      return [...at, labels[label]?.name ?? label, round(score, 3), ...box.map((v) => round(v)), ...cells]
    })
  })
  return `${[header, ...rows].map((cells) => cells.map(printCell).join(',')).join('\r\n')}\r\n`
}
