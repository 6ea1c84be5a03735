/** Runs the frozen part of a model: images in, features out, as the training program takes them. */
import { size } from '@shared/engine/graph'
import type { Trunk } from '@shared/engine/step'
import { encodeTrunk } from '@shared/engine/trunk'
import { type Session, type SessionOptions, openSession, tensor } from '../runtime/session'
import type { Tensors } from './stepper'

/** float16 bits by input name of the training program. */
export type Features = Record<string, { data: Uint16Array; shape: readonly number[] }>

export class TrunkRunner {
  /** Shape of each feature, the batch first. */
  readonly features: readonly { name: string; shape: readonly number[] }[]
  private readonly session: Session
  private floats = new Float32Array(0)

  private constructor(trunk: Trunk, session: Session) {
    this.features = trunk.features.map(({ name, value }) => ({ name, shape: value.shape }))
    this.session = session
  }

  /** @param tensors all parameters and statistics of the frozen part. */
  static async open(trunk: Trunk, tensors: Tensors, options: SessionOptions): Promise<TrunkRunner> {
    return new TrunkRunner(trunk, await openSession(encodeTrunk(trunk, tensors), options))
  }

  /** Numbers of one image's features together. */
  get length(): number {
    return this.features.reduce((sum, { shape }) => sum + size(shape.slice(1)), 0)
  }

  /** @param images [N, C, H, W], bytes or floats as the model takes them. */
  async run(images: Uint8Array | Float32Array, shape: readonly number[]): Promise<Features> {
    if (this.floats.length !== images.length) this.floats = new Float32Array(images.length)
    this.floats.set(images)
    const outputs = await this.session.run({ images: tensor('float32', this.floats, shape) })
    return Object.fromEntries(
      this.features.map(({ name, shape: dims }) => {
        const { buffer, byteOffset, byteLength } = outputs[name].data as unknown as Uint16Array
        // Some runtimes hand out arrays of a float16 type of their own.
        return [name, { data: new Uint16Array(buffer, byteOffset, byteLength / 2), shape: dims }]
      }),
    )
  }

  close(): Promise<void> {
    return this.session.close()
  }
}
