/** Objects smaller than this in the network's input are rarely found: four cells of the finest stride of 8. */
const targetSide = 32

/**
 * Side in px of slices in which the smaller quarter of the objects appears about 32 px large in the network's input, but
 * at least five times the median side, so that such an object lies whole in the overlap (.2) of two slices. A multiple
 * of 32 from 128 to 1024; without objects the usual 512.
 * @param sides square roots of the objects' areas, px. @param input side of the network's input, px.
 */
export function suggestSlice(sides: readonly number[], input: number): number {
  if (sides.length === 0) return 512
  const sorted = [...sides].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  const wanted = Math.max((at(0.25) * input) / targetSide, at(0.5) / 0.2)
  return Math.min(1024, Math.max(128, 32 * Math.round(wanted / 32)))
}
