import { expect, it } from 'vitest'
import { heatMap } from '@shared/plots/heat-map'

const made = (count: number) => {
  const names = Array.from({ length: count }, (_, i) => `class ${i}`)
  return heatMap({
    title: 'Confusion',
    xLabel: 'True',
    yLabel: 'Predicted',
    rows: names,
    columns: names,
    values: names.map((_, r) => names.map((_, c) => (r === c ? 1 : 0))),
    format: String,
  })
}

it('a table of hundreds of classes stays a picture that is drawn in a moment', () => {
  const { width, height, body } = made(301)
  expect(Math.max(width, height)).toBeLessThan(2200)
  // Those of the diagonal, and none for the 90,300 empty ones.
  expect(body.match(/<rect/g)).toHaveLength(301)
  expect(body).not.toContain('class 7')
})

it('names its classes as long as there is room', () => {
  const { width, body } = made(80)
  expect(width).toBeLessThan(1600)
  expect(body).toContain('class 79')
})
