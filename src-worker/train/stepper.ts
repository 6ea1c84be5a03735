/** Runs a training program: holds its state tensors and feeds each step's outputs into the next. */
import { pack, unpack } from '@shared/engine/lower'
import type { OptimizerDef } from '@shared/engine/optimizer'
import type { Program, Slot } from '@shared/engine/step'
import { type Session, type SessionOptions, type Tensor, openSession, tensor } from '../runtime/session'

export interface StepFeeds {
  /** uint8 pixels per image input, packed as `program.images` says; not needed where features take their place. */
  images?: Record<string, Uint8Array>
  /** What the program's trunk made of the images: float16 bits. */
  features?: Record<string, { data: Uint16Array; shape: readonly number[] }>
  /** Other inputs by name. */
  tensors: Record<string, { data: Float32Array; shape: readonly number[] }>
  /** Learning rate per group. */
  lr: readonly number[]
  /** Optimizer settings of this step. */
  momentum: number
  beta2: number
  /** 1 when this micro-batch completes an update. */
  apply: number
}

/** Logical tensors by name, as in a checkpoint. */
export type Tensors = Map<string, Float32Array>

export class Stepper {
  readonly program: Program
  private readonly optimizer: OptimizerDef
  private readonly session: Session
  private readonly state = new Map<string, Tensor>()
  /** Optimizer updates done; 0 before the first. */
  updates = 0

  private constructor(program: Program, optimizer: OptimizerDef, session: Session) {
    this.program = program
    this.optimizer = optimizer
    this.session = session
  }

  /** @param initial parameters and running statistics by name; optimizer states start at zero unless `load`ed. */
  static async create(
    program: Program,
    optimizer: OptimizerDef,
    initial: Tensors,
    options: SessionOptions,
  ): Promise<Stepper> {
    const session = await openSession(program.onnx, options)
    const stepper = new Stepper(program, optimizer, session)
    for (const slot of program.slots) {
      const known = slot.kind === 'param' || slot.kind === 'stat' || slot.kind === 'held'
      stepper.state.set(slot.name, slotTensor(slot, known ? initial : new Map()))
    }
    return stepper
  }

  /** One step; returns the program's metrics. When the loss is not finite, weights and states stay as they were. */
  async step(feeds: StepFeeds): Promise<Record<string, number>> {
    const { program } = this
    const inputs: Record<string, Tensor> = {}
    for (const [name, { shape }] of Object.entries(program.images))
      if (feeds.images) inputs[name] = tensor('uint8', feeds.images[name], shape)
    for (const [name, { data, shape }] of Object.entries(feeds.features ?? {}))
      inputs[name] = tensor('float16', data, shape)
    for (const [name, { data, shape }] of Object.entries(feeds.tensors)) inputs[name] = tensor('float32', data, shape)
    feeds.lr.forEach((value, i) => (inputs[`lr${i}`] = scalar(value)))
    const scalars = this.optimizer.scalars(this.updates + 1, feeds)
    for (const [name, value] of Object.entries(scalars)) inputs[name] = scalar(value)
    if (program.accumulate > 1) inputs.apply = scalar(feeds.apply)
    for (const [name, value] of this.state) inputs[name] = value
    for (const name of Object.keys(inputs)) if (!this.session.inputs.includes(name)) delete inputs[name]
    const outputs = await this.session.run(inputs)
    const metrics = Object.fromEntries(
      program.metrics.map((name) => [name, (outputs[`metric/${name}`].data as Float32Array)[0]]),
    )
    // A step that went wrong leaves the state as it was, so that its cause can still be found.
    if (!Number.isFinite(metrics.loss)) return metrics
    for (const name of this.state.keys()) {
      const next = outputs[`${name}'`]
      if (next) this.state.set(name, next)
    }
    if (feeds.apply) this.updates++
    return metrics
  }

  /** The memory of a slot as it is fed: for averaging without unpacking. Do not write to it. */
  stored(slot: Slot): Float32Array {
    return this.state.get(slot.name)!.data as Float32Array
  }

  /** Logical tensors of one kind of slot ('param', 'stat', an optimizer state). */
  read(kind: string, from: (slot: Slot) => Float32Array = (slot) => this.stored(slot)): Tensors {
    const out: Tensors = new Map()
    for (const slot of this.program.slots) {
      if (slot.kind !== kind) continue
      const data = from(slot)
      for (const e of slot.entries) out.set(e.name, unpack(e.storage, data.subarray(e.offset, e.offset + e.length)))
    }
    return out
  }

  /** Replaces the state of one kind by logical tensors; names that are missing become zero. */
  load(kind: string, tensors: Tensors): void {
    for (const slot of this.program.slots) if (slot.kind === kind) this.state.set(slot.name, slotTensor(slot, tensors))
  }

  close(): Promise<void> {
    return this.session.close()
  }
}

const scalar = (value: number): Tensor => tensor('float32', Float32Array.of(value), [])

/** Packs logical tensors into a slot's memory. */
export function packSlot(slot: Slot, tensors: Tensors): Float32Array {
  const data = new Float32Array(slot.shape.reduce((a, b) => a * b, 1))
  for (const e of slot.entries) {
    const logical = tensors.get(e.name)
    if (logical) pack(e.storage, logical, data.subarray(e.offset, e.offset + e.length))
  }
  return data
}
const slotTensor = (slot: Slot, tensors: Tensors): Tensor => tensor('float32', packSlot(slot, tensors), slot.shape)
