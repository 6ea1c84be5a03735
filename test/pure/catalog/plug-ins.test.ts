/** What every file of the catalog's smaller folders must hold to, whoever adds one: optimizers, schedules, augments. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { augments, drawPlan, resolveAugments } from '@shared/catalog/augments'
import { optimizers } from '@shared/catalog/optimizers'
import { schedules } from '@shared/catalog/schedules'
import { recipeSchema } from '@shared/domain/recipe'
import { Graph } from '@shared/engine/graph'
import { interpret } from '../../helpers/reference'
import { testContext } from '../augment/plan-pictures'

afterEach(() => vi.restoreAllMocks())

describe.each(optimizers.entries())('optimizer %s', (_, { auto, states, scalars, update }) => {
  const settings = { momentum: 0.9, beta2: 0.999 }
  /** Packed numbers as biases and norms are, after some steps down `sum of w^2 / 2`. */
  function descend(start: readonly number[], steps: number): number[] {
    let numbers: Record<string, ArrayLike<number>> = { w: start }
    for (const state of states) numbers[state] = start.map(() => 0)
    for (let step = 1; step <= steps; step++) {
      const graph = new Graph()
      const input = (name: string) => graph.input(name, [start.length])
      const given = scalars(step, settings)
      const next = update({
        w: input('w'),
        g: input('g'),
        lr: graph.input('lr', []),
        states: Object.fromEntries(states.map((state) => [state, input(state)])),
        scalars: Object.fromEntries(Object.keys(given).map((name) => [name, graph.input(`of ${name}`, [])])),
        decay: 0,
        weight: null,
      })
      expect(Object.keys(next.states).sort()).toEqual([...states].sort())
      const feeds = Object.fromEntries(Object.entries(given).map(([name, value]) => [`of ${name}`, [value]]))
      const values = interpret([next.w, ...states.map((state) => next.states[state])], {
        ...numbers,
        ...feeds,
        g: numbers.w,
        lr: [0.05],
      })
      numbers = { w: values[0].data, ...Object.fromEntries(states.map((state, i) => [state, values[i + 1].data])) }
    }
    return Array.from(numbers.w)
  }

  it('goes down, and leaves the zeros of padding', () => {
    const end = descend([1, -1, 0], 5)
    expect(Math.abs(end[0])).toBeLessThan(1)
    expect(end[1]).toBeCloseTo(-end[0], 12)
    expect(end[2]).toBe(0)
  })

  it('says what auto stands for', () => {
    if (auto.lr !== 'model') expect(auto.lr).toBeGreaterThan(0)
    if (auto.weightDecay !== 'task') expect(auto.weightDecay).toBeGreaterThanOrEqual(0)
  })
})

describe.each(schedules.entries())('schedule %s', (_, { title, factor }) => {
  it('stays between nothing and the peak', () => {
    const settings = recipeSchema.parse({}).schedule
    expect(title).not.toBe('')
    for (let progress = 0; progress <= 1; progress += 1 / 64) {
      const share = factor(progress, settings)
      expect(share).toBeGreaterThanOrEqual(0)
      expect(share).toBeLessThanOrEqual(1)
    }
  })
})

describe.each(augments.entries())('augment %s', (id, { title, params }) => {
  const sizes = [
    { width: 64, height: 48 },
    { width: 40, height: 80 },
    { width: 33, height: 17 },
  ]
  // Some only come with a mosaic before them.
  const before = id === 'mosaic' ? [] : [{ id: 'mosaic' }]
  const draw = (seed: number, list: readonly { id: string }[] = [...before, { id }]) =>
    JSON.stringify(drawPlan(resolveAugments(list), testContext(seed, sizes), { width: 96, height: 64 }, false))

  it('has a title, and refuses parameters that it does not have', () => {
    expect(title).not.toBe('')
    expect(params.safeParse({}).success).toBe(true)
    expect(params.safeParse({ nonsense: 1 }).success).toBe(false)
  })

  it('draws from the given numbers alone: one seed, one picture', () => {
    vi.spyOn(Math, 'random').mockImplementation(() => {
      throw new Error('an augment drew from Math.random')
    })
    const seeds = Array.from({ length: 12 }, (_, i) => i)
    const plans = seeds.map((seed) => draw(seed))
    expect(seeds.map((seed) => draw(seed))).toEqual(plans)
    expect(seeds.map((seed) => draw(seed, before))).not.toEqual(plans)
  })
})
