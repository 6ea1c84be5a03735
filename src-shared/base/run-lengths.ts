/** Lengths of alternating runs of zero and non-zero values; the first run is of zeros and may be empty. */
export function runLengths(values: ArrayLike<number>, count = values.length): number[] {
  const runs: number[] = []
  let inside = false
  let run = 0
  for (let i = 0; i < count; i++) {
    if ((values[i] !== 0) !== inside) {
      runs.push(run)
      run = 0
      inside = !inside
    }
    run++
  }
  runs.push(run)
  return runs
}
