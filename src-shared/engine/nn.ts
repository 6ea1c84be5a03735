/**
 * What models are written with: parameters with names and initial values, and the few layers that own parameters.
 * Names follow the original PyTorch state dict where one exists; `scope` builds them.
 */
import type { Rng } from '../base/rng'
import { type Graph, type Shape, type Value, size } from './graph'
import {
  type ConvAttrs,
  add,
  batchNorm,
  batchNormTrain,
  conv,
  div,
  leakyRelu,
  mul,
  reduceMean,
  relu,
  reshape,
  silu,
  sqrt,
  sub,
} from './ops'

export type Init =
  /** PyTorch's Conv2d default: U(-b, b) with b = 1/sqrt(fan in) (kaiming_uniform with a = sqrt 5). */
  | { kind: 'conv' }
  /** PyTorch's bias default for the same fan-in. */
  | { kind: 'uniform'; bound: number }
  | { kind: 'constant'; value: number }

/** `leaky-relu` has Darknet's slope of .1 below zero. */
export type Activation = 'silu' | 'leaky-relu' | 'relu' | 'none'
export function activate(x: Value, activation: Activation): Value {
  switch (activation) {
    case 'silu':
      return silu(x)
    case 'leaky-relu':
      return leakyRelu(x, 0.1)
    case 'relu':
      return relu(x)
    case 'none':
      return x
  }
}

export interface ParamSpec {
  readonly name: string
  readonly shape: Shape
  readonly init: Init
  /** Weights decay; norm scales and biases do not. */
  readonly role: 'weight' | 'bias' | 'norm'
}
/** Running statistics of a norm layer: buffers in PyTorch's words. */
export interface StatSpec {
  readonly name: string
  readonly shape: Shape
  readonly initial: number
  /** The batch's value in a training graph. */
  readonly batch: Value | null
  /** Running <- momentum * running + (1 - momentum) * factor * batch. */
  readonly momentum: number
  readonly factor: number
}

export class Nn {
  readonly params = new Map<string, ParamSpec>()
  readonly stats = new Map<string, StatSpec>()
  readonly graph: Graph
  readonly training: boolean
  private readonly frozen: (name: string) => boolean
  private readonly path: string[] = []
  /**
   * Called with every feature map [N, C, H, W] that a named part of the model gave, and the part's full name; what it
   * returns takes the map's place.
   */
  onStage: ((name: string, map: Value) => Value) | null = null

  /** @param frozen parameters that never change in training, by name. */
  constructor(graph: Graph, training: boolean, frozen: (name: string) => boolean = () => false) {
    this.graph = graph
    this.training = training
    this.frozen = frozen
  }

  /** Builds inside a named part of the model: names and node paths get the prefix. */
  scope<T>(name: string, build: () => T): T {
    const full = this.name(name)
    this.path.push(name)
    let result: T
    try {
      result = this.graph.scope(name, build)
    } finally {
      this.path.pop()
    }
    return this.onStage && isMap(result) ? (this.onStage(full, result) as T) : result
  }

  /** Builds with parameter names that begin with `root`, wherever the model is; node paths stay below the present one. */
  apart<T>(root: string, build: () => T): T {
    const { onStage } = this
    const outer = this.path.splice(0, Infinity, root)
    this.onStage = null
    try {
      return build()
    } finally {
      this.path.splice(0, Infinity, ...outer)
      this.onStage = onStage
    }
  }

  private name(leaf: string): string {
    return [...this.path, leaf].join('.')
  }

  param(leaf: string, shape: Shape, init: Init, role: ParamSpec['role']): Value {
    const name = this.name(leaf)
    this.params.set(name, { name, shape, init, role })
    return this.graph.input(name, shape)
  }

  private stat(
    leaf: string,
    shape: Shape,
    initial: number,
    batch: Value | null,
    momentum: number,
    factor: number,
  ): Value | null {
    const name = this.name(leaf)
    this.stats.set(name, { name, shape, initial, batch, momentum, factor })
    return batch ? null : this.graph.input(name, shape)
  }

  /** Convolution named `name`, "same" padding for odd kernels. */
  conv2d(
    name: string,
    x: Value,
    out: number,
    kernel: number,
    {
      stride = 1,
      groups = 1,
      dilation = 1,
      bias = false,
      biasInit = undefined as number | undefined,
      init = { kind: 'conv' } as Init,
    } = {},
  ): Value {
    return this.scope(name, () => {
      const channels = x.shape[1]
      const p = (dilation * (kernel - 1)) >> 1
      const weight = this.param('weight', [out, channels / groups, kernel, kernel], init, 'weight')
      const bound = 1 / Math.sqrt((channels / groups) * kernel * kernel)
      const b = bias
        ? this.param(
            'bias',
            [out],
            biasInit === undefined ? { kind: 'uniform', bound } : { kind: 'constant', value: biasInit },
            'bias',
          )
        : undefined
      const at: Partial<ConvAttrs> = {
        strides: [stride, stride],
        pads: [p, p, p, p],
        dilations: [dilation, dilation],
        group: groups,
      }
      return conv(x, weight, at, b)
    })
  }

  /**
   * Batch norm named `name`: the batch's own statistics in training, the running ones elsewhere and where it is frozen.
   * PyTorch's conventions.
   * @param at `scale` is the initial one.
   */
  batchNorm(name: string, x: Value, { epsilon = 1e-3, momentum = 0.97, scale = 1 } = {}): Value {
    return this.scope(name, () => {
      const c = [x.shape[1]]
      const gamma = this.param('weight', c, { kind: 'constant', value: scale }, 'norm')
      const beta = this.param('bias', c, { kind: 'constant', value: 0 }, 'norm')
      if (!this.training || this.frozen(this.name('weight'))) {
        const mean = this.stat('running_mean', c, 0, null, momentum, 1)!
        const variance = this.stat('running_var', c, 1, null, momentum, 1)!
        return batchNorm(x, gamma, beta, mean, variance, epsilon)
      }
      const [y, mean, variance] = batchNormTrain(x, gamma, beta, epsilon)
      const count = x.shape[0] * x.shape[2] * x.shape[3]
      this.stat('running_mean', c, 0, mean, momentum, 1)
      // Running variance is the unbiased one, normalisation uses the biased one.
      this.stat('running_var', c, 1, variance, momentum, count / Math.max(1, count - 1))
      return y
    })
  }

  /** Layer norm over the channels of each pixel, biased variance, scale and shift `weight` and `bias`: [N, C, H, W]. */
  channelNorm(name: string, x: Value, epsilon = 1e-6): Value {
    return this.scope(name, () => {
      const c = x.shape[1]
      const scale = this.param('weight', [c], { kind: 'constant', value: 1 }, 'norm')
      const shift = this.param('bias', [c], { kind: 'constant', value: 0 }, 'norm')
      const centred = sub(x, reduceMean(x, [1], true))
      const deviation = sqrt(add(reduceMean(mul(centred, centred), [1], true), epsilon))
      const column = (v: Value) => reshape(v, [1, c, 1, 1])
      return add(mul(div(centred, deviation), column(scale)), column(shift))
    })
  }

  /** Convolution, batch norm and activation under the names `conv` and `bn`. */
  convBn(
    name: string,
    x: Value,
    out: number,
    kernel: number,
    { stride = 1, groups = 1, activation = 'silu' as Activation } = {},
  ): Value {
    return this.scope(name, () =>
      activate(this.batchNorm('bn', this.conv2d('conv', x, out, kernel, { stride, groups })), activation),
    )
  }

  /** {@link convBn} with SiLU. */
  convBnSilu(name: string, x: Value, out: number, kernel: number, stride = 1, groups = 1): Value {
    return this.convBn(name, x, out, kernel, { stride, groups })
  }
}

const isMap = (result: unknown): result is Value =>
  typeof result === 'object' && result !== null && 'node' in result && (result as Value).shape.length === 4

/** Initial values of a parameter. Draws come from `rng`, so build order decides them. */
export function initialize({ shape, init }: ParamSpec, rng: Rng): Float32Array {
  const data = new Float32Array(size(shape))
  if (init.kind === 'constant') return data.fill(init.value)
  const bound = init.kind === 'uniform' ? init.bound : 1 / Math.sqrt(size(shape.slice(1)))
  for (let i = 0; i < data.length; i++) data[i] = rng.uniform(-bound, bound)
  return data
}
