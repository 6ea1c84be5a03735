/**
 * Rewrites a graph with macros into a graph of ONNX ops for one kind of machine. Each value of the source has one or
 * more forms in the target: plain NCHW, ONNX Runtime's blocked layout, interleaved image rows, or (parameters, their
 * gradients and statistics) a storage. Forms are converted on demand and cached.
 */
import { TagwrightError } from '../../base/errors'
import { Graph, type Node, type Value, isConst, isInput } from '../graph'
import { cast, concat, gather, pad, reshape, slice, transpose } from '../ops'
import { type ChannelMap, type Storage, channelMap, isDense, sameMap, sameStorage } from './storage'
import { nchwcConv, reorderInput, reorderOutput } from './blocked/ops'

export interface Blocked {
  /** Nominal shape [N, padded channels, H, W]; memory [N, C/b, H, W, b]. */
  readonly value: Value
  readonly map: ChannelMap
  /** Per-channel factor [padded] still to be applied, when it is cheaper to fold it into a neighbour's weights. */
  readonly scale?: Value
}
/** Memory [N, H, W * C] with the channels of a pixel next to each other; nominal shape [N, 1, H, W * C]. */
export interface Rows {
  readonly value: Value
  readonly channels: number
}
export interface Stored {
  readonly value: Value
  readonly storage: Storage
}
export interface Form {
  plain?: Value
  blocked?: Blocked
  rows?: Rows
  stored?: Stored
}

export interface LowerOptions {
  /** Block of the CPU's blocked kernels (8 or 16), or 0 for plain NCHW everywhere. */
  block: number
  /** Inputs of the source that are parameters or states: their memory layout is this lowering's to choose. */
  params: ReadonlySet<string>
  /** Supplies the target value of a parameter; by default each becomes an input of the target under its own name. */
  bind?: (name: string, storage: Storage, target: Graph) => Value
  /** Names of uint8 image inputs [N, C, H, W] that are fed by the host in whatever packing the program asks for. */
  images: ReadonlySet<string>
}

/** Handles a node in the blocked layout, or returns false to leave it to the plain one. */
export type BlockedRule = (at: Lowering, node: Node) => boolean

/** How the host must lay out an image input: see INTERFACES, Pixels. */
export type ImagePacking = 'nchw' | 'nhwc' | 's2d-nhwc'

export class Lowering {
  readonly target = new Graph()
  readonly storages = new Map<string, Storage>()
  readonly packings = new Map<string, ImagePacking>()
  readonly source: Graph
  readonly options: LowerOptions
  private readonly forms = new Map<Value, Form>()
  private readonly rules: Readonly<Record<string, BlockedRule>>

  constructor(source: Graph, options: LowerOptions, rules: Readonly<Record<string, BlockedRule>>) {
    this.source = source
    this.options = options
    this.rules = options.block ? rules : {}
  }

  get block(): number {
    return this.options.block
  }

  /** Lowers everything the roots depend on. */
  run(roots: readonly Value[]): void {
    for (const node of this.source.reachable(roots))
      this.target.scope(node.path.split('.').slice(0, -1).join('.'), () => this.lower(node))
  }

  private lower(node: Node): void {
    const [first] = node.outputs
    if (isInput(first)) return
    if (isConst(first)) {
      this.set(first, { plain: this.target.constant(this.source.data(first), first.shape, first.dtype) })
      return
    }
    if (node.op.name === 'Identity') return
    if (this.rules[node.op.name]?.(this, node)) return
    const inputs = node.inputs.map((v) => (v ? this.plain(v) : null))
    let outputs: readonly Value[]
    if (node.op.onnx === 'macro') {
      if (!node.op.lower) throw new TagwrightError('bad-graph', `${node.path}: ${node.op.name} has no plain lowering.`)
      outputs = node.op.lower({ inputs: inputs as Value[], node })
    } else outputs = this.target.apply(node.op, inputs, node.attrs)
    node.outputs.forEach((v, i) => this.set(v, { plain: outputs[i] }))
  }

  form(value: Value): Form {
    const v = origin(value)
    let form = this.forms.get(v)
    if (!form) this.forms.set(v, (form = {}))
    return form
  }
  set(v: Value, form: Form): void {
    Object.assign(this.form(v), form)
  }
  has(v: Value, kind: keyof Form): boolean {
    return this.forms.get(origin(v))?.[kind] !== undefined
  }
  isParam(value: Value): boolean {
    const v = origin(value)
    return isInput(v) && this.options.params.has(v.node.attrs.name as string)
  }

  /** An image input as rows of interleaved channels, packed by the host; null when `v` is no image input. */
  imageRows(value: Value, packing: 'nhwc' | 's2d-nhwc'): Rows | null {
    const v = origin(value)
    const name = v.node.attrs.name as string
    if (!isInput(v) || !this.options.images.has(name)) return null
    const [n, c, h, w] = v.shape
    const [channels, height, width] = packing === 'nhwc' ? [c, h, w] : [c * 4, h / 2, w / 2]
    this.packings.set(name, packing)
    return { value: cast(this.target.input(name, [n, 1, height, width * channels], 'uint8'), 'float32'), channels }
  }

  /** The value as plain NCHW (or whatever its logical shape is). */
  plain(value: Value): Value {
    const v = origin(value)
    const form = this.form(v)
    if (form.plain) return form.plain
    if (form.blocked) return (form.plain = this.unblock((form.blocked = this.settle(form.blocked)), v))
    if (form.rows) {
      const [n, c, h, w] = v.shape
      return (form.plain = transpose(reshape(form.rows.value, [n, h, w, c]), [0, 3, 1, 2]))
    }
    if (form.stored) return (form.plain = this.unstore(form.stored, v))
    if (!isInput(v)) throw new TagwrightError('bad-graph', `${v.node.path} was used before it was lowered.`)
    const name = v.node.attrs.name as string
    if (this.isParam(v)) return (form.plain = this.stored(v, { kind: 'plain', shape: v.shape }).value)
    if (this.options.images.has(name)) {
      this.packings.set(name, 'nchw')
      return (form.plain = cast(this.target.input(name, v.shape, 'uint8'), 'float32'))
    }
    return (form.plain = this.target.input(name, v.shape, v.dtype))
  }

  /** The value in the blocked layout, with any pending factor applied. 4-D values only. */
  blocked(v: Value): Blocked {
    const form = this.form(v)
    if (form.blocked) return (form.blocked = this.settle(form.blocked))
    const [, c] = v.shape
    const map = channelMap(c, this.block)
    const padded = pad(this.plain(v), [0, 0, 0, 0], [0, map.padded - c, 0, 0])
    return (form.blocked = { value: reorderInput(padded), map })
  }

  /** The value in the blocked layout with a given order of channels, which two paths to one value may not share. */
  blockedAs(v: Value, map: ChannelMap): Value {
    const form = this.form(v)
    const known = form.blocked ?? (isDense(map) ? this.blocked(v) : null)
    if (known && sameMap(known.map, map)) return this.blocked(v).value
    const c = v.shape[1]
    const index = new Array<number>(map.padded).fill(c)
    map.positions.forEach((p, i) => (index[p] = i))
    const withZero = pad(this.plain(v), [0, 0, 0, 0], [0, 1, 0, 0])
    return reorderInput(gather(withZero, this.target.constant(index, [map.padded], 'int32'), 1))
  }

  /** The blocked form as it is, a pending factor included. */
  pending(v: Value): Blocked {
    return this.form(v).blocked ?? this.blocked(v)
  }

  private settle(b: Blocked): Blocked {
    if (!b.scale) return b
    return { map: b.map, value: nchwcConv(b.value, reshape(b.scale, [b.map.padded, 1, 1, 1]), { group: b.map.padded }) }
  }

  private unblock({ value, map }: Blocked, v: Value): Value {
    if (isDense(map)) return reorderOutput(value, v.shape[1])
    const all = reorderOutput(value, map.padded)
    const runs: Value[] = []
    for (let i = 0; i < map.positions.length;) {
      let j = i + 1
      while (j < map.positions.length && map.positions[j] === map.positions[j - 1] + 1) j++
      runs.push(slice(all, 1, map.positions[i], map.positions[j - 1] + 1))
      i = j
    }
    return concat(runs, 1)
  }

  /** A parameter in a given storage. The first use decides; a later use must ask for the same. */
  stored(v: Value, storage: Storage): Stored {
    const form = this.form(v)
    if (form.stored) {
      if (sameStorage(form.stored.storage, storage)) return form.stored
      return this.restore(this.plain(v), storage, v)
    }
    if (!this.isParam(v)) return this.restore(this.plain(v), storage, v)
    const name = origin(v).node.attrs.name as string
    this.storages.set(name, storage)
    const value = this.options.bind
      ? this.options.bind(name, storage, this.target)
      : this.target.input(name, storedShape(storage))
    return (form.stored = { value: reshape(value, storedShape(storage)), storage })
  }

  /** Logical numbers computed in the graph, brought into a storage. */
  private restore(plain: Value, storage: Storage, v: Value): Stored {
    if (storage.kind === 'plain') return { value: plain, storage }
    if (storage.kind === 'channels' && isDense(storage.map)) {
      return { value: pad(plain, [0], [storage.map.padded - v.shape[0]]), storage }
    }
    throw new TagwrightError('bad-graph', `${v.node.path}: ${storage.kind} storage is for parameters only.`)
  }

  private unstore({ value, storage }: Stored, v: Value): Value {
    if (storage.kind === 'plain') return reshape(value, v.shape)
    if (storage.kind === 'channels') {
      if (isDense(storage.map)) return slice(value, 0, 0, v.shape[0])
      const index = this.target.constant(storage.map.positions, [storage.map.positions.length], 'int32')
      return gather(value, index)
    }
    throw new TagwrightError('bad-graph', `${v.node.path} lies in ${storage.kind} storage and cannot be read plainly.`)
  }

  /** A gradient or statistic in the storage of the parameter it belongs to. */
  inStorageOf(v: Value, storage: Storage): Value {
    const form = this.form(v)
    if (form.stored && sameStorage(form.stored.storage, storage)) return form.stored.value
    return this.restore(this.plain(v), storage, v).value
  }
}

/** The value itself behind markers that only stop gradients. */
function origin(v: Value): Value {
  let at = v
  while (at.node.op.name === 'Identity') at = at.node.inputs[0]!
  return at
}

export function storedShape(storage: Storage): number[] {
  const [, ci, kh, kw] = storage.shape
  switch (storage.kind) {
    case 'plain':
      return [...storage.shape]
    case 'channels':
      return [storage.map.padded]
    case 'conv':
      return [storage.out.padded, storage.in.padded, kh, kw]
    case 'depthwise':
      return [storage.map.padded, 1, kh, kw]
    case 'rows':
      return [storage.out.padded, 1, kh, kw * ci]
  }
}
