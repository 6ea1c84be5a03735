import type { PoseEvaluation } from './evaluate-pose'

/** Errors in px as lines of text, the worst point first. */
export function formatPose({ conf, found, objects, mean, median, p95, pck, points }: PoseEvaluation): string[] {
  const px = (value: number | null) => (value === null ? '-' : value.toFixed(2)).padStart(9)
  const width = Math.max(8, ...points.map(({ point }) => point.length))
  const shares = pck.map(({ unit, threshold, value }) => `${unit === 'px' ? `${threshold} px` : `${threshold} box`} ${value.toFixed(3)}`) // prettier-ignore
  return [
    '',
    `Points of ${found} of ${objects} objects (score from ${conf}), px${' '.repeat(4)}PCK: ${shares.join(', ')}`,
    `${'point'.padEnd(width)}${['median', 'p95', 'mean'].map((name) => name.padStart(9)).join('')}      PCK.1    found`,
    ...points.map(
      (one) =>
        `${one.point.padEnd(width)}${px(one.median)}${px(one.p95)}${px(one.mean)}${one.pck.toFixed(3).padStart(11)}${`${one.found}/${one.labelled}`.padStart(9)}`,
    ),
    `${'all'.padEnd(width)}${px(median)}${px(p95)}${px(mean)}`,
  ]
}
