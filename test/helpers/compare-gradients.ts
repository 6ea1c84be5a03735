/** Compares built gradients with central differences, both in the float64 interpreter. */
import { expect } from 'vitest'
import { grad } from '@shared/engine/grad'
import type { Value } from '@shared/engine/graph'
import { interpret } from './reference'

export interface CompareOptions {
  /** Half the distance of the two points. */
  step?: number
  /** At most this many numbers of each input are moved, spread evenly. */
  samples?: number
  /** Keeps what lies behind every stop-gradient as it is at the feeds while inputs move. */
  holdStopped?: boolean
}

/**
 * @param feeds must keep clear of kinks and ties by more than the step.
 * @param tolerance of the largest difference, relative to the largest gradient of that input.
 */
export function compareGradients(
  loss: Value,
  wrt: readonly Value[],
  feeds: Readonly<Record<string, readonly number[]>>,
  tolerance: number,
  { step = 1e-5, samples = Infinity, holdStopped = false }: CompareOptions = {},
): void {
  const gradients = interpret(grad(loss, wrt), feeds)
  const stopped = loss.node.graph
    .reachable([loss])
    .flatMap((n) => (holdStopped && n.op.name === 'Identity' ? n.outputs : []))
  const values = stopped.length ? interpret(stopped, feeds) : []
  const held = new Map(stopped.map((v, i) => [v, values[i]]))
  wrt.forEach((input, which) => {
    const name = input.node.attrs.name as string
    const { data } = gradients[which]
    const scale = data.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
    expect(scale, `gradient by ${name}`).toBeGreaterThan(0)
    const stride = Math.max(1, Math.ceil(data.length / samples))
    for (let i = 0; i < data.length; i += stride) {
      const at = (delta: number) => {
        const moved = [...feeds[name]]
        moved[i] += delta
        return interpret([loss], { ...feeds, [name]: moved }, held)[0].data[0]
      }
      const slope = (at(step) - at(-step)) / (2 * step)
      expect(
        Math.abs(slope - data[i]) / scale,
        `gradient by ${name}[${i}]: ${data[i]}, central difference ${slope}`,
      ).toBeLessThan(tolerance)
    }
  })
}
