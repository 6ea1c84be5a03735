/**
 * Charts that wait to be drawn again: one a frame, so that a page of them answers while new data arrives. A chart that
 * asks again before its turn is drawn once, with what it then has.
 */
const waiting = new Set<() => void>()
let frame = 0

export function queueDraw(draw: () => void): void {
  waiting.add(draw)
  frame ||= requestAnimationFrame(drawNext)
}

export function dropDraw(draw: () => void): void {
  waiting.delete(draw)
}

function drawNext(): void {
  frame = 0
  const [draw] = waiting
  if (!draw) return
  waiting.delete(draw)
  draw()
  if (waiting.size > 0) frame = requestAnimationFrame(drawNext)
}
