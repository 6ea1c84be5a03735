/** Of inputs of classifiers, px: what networks trained on ImageNet see. */
const largest = 224
const smallest = 64

/**
 * Side in px of a classifier's square input for images of these sizes: the median of their longer sides, as a multiple
 * of 32 and at most 224. Enlarging small images costs time and shows nothing more.
 */
export function suggestSize(images: readonly { width: number; height: number }[]): number {
  if (images.length === 0) return largest
  const sides = images.map(({ width, height }) => Math.max(width, height)).sort((a, b) => a - b)
  const median = sides[sides.length >> 1]
  return Math.min(largest, Math.max(smallest, 32 * Math.ceil(median / 32)))
}
