/** Exponential moving average of weights and running statistics, kept on the host in the program's own memory layout. */
import type { Slot } from '@shared/engine/step'
import { type Stepper, type Tensors, packSlot } from './stepper'

export interface AverageOptions {
  /** Limit of the decay, e.g. .9998. */
  decay: number
  /** The decay ramps up as decay (1 - exp(-updates / tau)). */
  tau: number
}

export class WeightAverage {
  updates = 0
  private readonly stepper: Stepper
  private readonly options: AverageOptions
  private readonly averages = new Map<Slot, Float32Array>()

  /** Starts as a copy of the stepper's present weights. */
  constructor(stepper: Stepper, options: AverageOptions) {
    this.stepper = stepper
    this.options = options
    for (const slot of this.slots()) this.averages.set(slot, stepper.stored(slot).slice())
  }

  private slots(): Slot[] {
    return this.stepper.program.slots.filter((slot) => slot.kind === 'param' || slot.kind === 'stat')
  }

  /** One update after an optimizer step. */
  update(): void {
    this.updates++
    const rate = 1 - this.options.decay * (1 - Math.exp(-this.updates / this.options.tau))
    for (const [slot, average] of this.averages) {
      const now = this.stepper.stored(slot)
      for (let i = 0; i < average.length; i++) average[i] += rate * (now[i] - average[i])
    }
  }

  /** Averaged parameters and statistics by name. */
  read(): Tensors {
    const of = (slot: Slot) => this.averages.get(slot)!
    return new Map([...this.stepper.read('param', of), ...this.stepper.read('stat', of)])
  }

  load(tensors: Tensors, updates: number): void {
    this.updates = updates
    for (const slot of this.slots()) this.averages.set(slot, packSlot(slot, tensors))
  }
}
