/**
 * One training step as one program: forward, loss, gradients and optimizer. Parameters and optimizer states travel as
 * inputs and come back as outputs; small tensors of one optimizer group share a flat vector ("slot"), which saves
 * thousands of tiny nodes and bindings.
 */
import { TagwrightError } from '../base/errors'
import { grad } from './grad'
import { Graph, type Value, size } from './graph'
import { type ImagePacking, type Storage, lower, storedSize } from './lower'
import { Nn, type ParamSpec, type StatSpec } from './nn'
import { encodeOnnx } from './onnx/encode'
import type { OptimizerDef, WeightView } from './optimizer'
import { add, concat, div, min, mul, reduceSumSquare, reshape, slice, split, sqrt, stopGradient, sub } from './ops'
import { cutFrozen, featureName } from './passes/cut-frozen'
import { fuse } from './passes/fuse'

export interface StepSpec {
  /** Builds the model and its loss; `loss.total` is what is minimised, all entries are reported. */
  build(nn: Nn, graph: Graph): { total: Value; metrics: Record<string, Value> }
  optimizer: OptimizerDef
  /** Optimizer group of a parameter: its decay, and the index of the learning rate fed for it. Null: not trained. */
  group(param: ParamSpec): { decay: number; lr: number } | null
  /**
   * Parts of the model that never change, by name: their norms keep their running statistics, and what only they and the
   * images decide becomes the program's trunk.
   */
  frozen?(name: string): boolean
  learningRates: number
  /** Global gradient-norm limit, 0 for none. */
  clip: number
  /** Micro-batches per update; above 1 the program takes a scalar `apply` (1 on the last, else 0). */
  accumulate: number
  /** Names of image inputs (uint8, packed as `Program.images` says). */
  images: readonly string[]
  /** Block of the CPU's blocked layout, 0 for plain NCHW. */
  block: number
  /** Open dimensions of inputs by name. */
  symbolic?: Record<string, Record<number, string>>
}

export interface SlotEntry {
  readonly name: string
  readonly storage: Storage
  readonly offset: number
  readonly length: number
}
/** One state tensor of the program: input `name`, output `name'`. */
export interface Slot {
  readonly name: string
  /** 'param', 'stat', 'held' (fed, never changed), 'accumulator' or the optimizer's own state name. */
  readonly kind: string
  readonly shape: readonly number[]
  readonly entries: readonly SlotEntry[]
}

/** The frozen part of a model that sees the images: computed apart, once an image where its result can be kept. */
export interface Trunk {
  readonly graph: Graph
  readonly features: readonly { readonly name: string; readonly value: Value }[]
}

export interface Program {
  readonly onnx: Uint8Array
  /** Feeds the inputs `features[i].name` of the program; null when it sees the images itself. */
  readonly trunk: Trunk | null
  readonly slots: readonly Slot[]
  /** Packing of each image input. */
  readonly images: Readonly<Record<string, { packing: ImagePacking; shape: readonly number[] }>>
  readonly metrics: readonly string[]
  readonly params: readonly ParamSpec[]
  readonly stats: readonly StatSpec[]
  readonly nodes: number
  readonly learningRates: number
  readonly accumulate: number
}

/** Tensors up to this many numbers are packed; larger ones are fed alone, which saves copying them. */
const PACK_LIMIT = 1 << 15

export function trainStep(spec: StepSpec): Program {
  const whole = new Graph()
  const frozen = (name: string): boolean => spec.frozen?.(name) ?? false
  const nn = new Nn(whole, true, frozen)
  const built = spec.build(nn, whole)
  const stats = [...nn.stats.values()].filter((s) => s.batch)
  const metricNames = Object.keys(built.metrics)
  const groups = new Map([...nn.params.values()].map((p) => [p.name, frozen(p.name) ? null : spec.group(p)]))
  const cut = spec.frozen
    ? cutFrozen(
        whole,
        [built.total, ...metricNames.map((n) => built.metrics[n]), ...stats.map((s) => s.batch!)],
        (name) => spec.images.includes(name),
        (name) => (nn.params.has(name) || nn.stats.has(name)) && frozen(name),
      )
    : null
  const source = cut?.graph ?? whole
  const [total, ...forward] = cut?.roots ?? [
    built.total,
    ...metricNames.map((n) => built.metrics[n]),
    ...stats.map((s) => s.batch!),
  ]
  const trained = [...nn.params.values()].filter((p) => groups.get(p.name))
  const wholes = new Set(
    spec.optimizer.whole ? trained.flatMap(({ name, role }) => (role === 'weight' ? [name] : [])) : [],
  )
  const isWhole = ({ name }: { name: string }): boolean => wholes.has(name)
  if (trained.length === 0)
    throw new TagwrightError(
      'bad-recipe',
      'Every parameter is frozen; nothing would be trained. Shorten the "freeze" list.',
    )
  const unused = trained.find((p) => !source.inputs.has(p.name))
  if (unused) throw new TagwrightError('bad-graph', `Parameter ${unused.name} is not used by the loss.`)
  const gradients = grad(
    total,
    trained.map((p) => source.inputs.get(p.name)!),
  )
  const wanted = [...forward.slice(0, metricNames.length), ...gradients, ...forward.slice(metricNames.length)].map(
    detached,
  )
  const { graph, roots } = fuse(source, wanted)
  // Statistics of frozen norms are fed like parameters; both may be in the trunk alone.
  const held = [...nn.stats.values()].filter((s) => !s.batch && graph.inputs.has(s.name))
  const params = [...nn.params.values()].filter((p) => graph.inputs.has(p.name) || !cut || !frozen(p.name))
  const names = new Set([...params, ...held].map((p) => p.name))
  const options = { block: spec.block, params: names, images: new Set(spec.images) }
  // First pass: which storage does each parameter get? Second pass: bind the parameters to their slots.
  const storages = lower(graph, roots, options).storages
  for (const p of [...params, ...held])
    if (!storages.has(p.name)) throw new TagwrightError('bad-graph', `Parameter ${p.name} is not used by the loss.`)
  const paramSlots = slotsFor(
    params.map((p) => ({
      name: p.name,
      storage: storages.get(p.name)!,
      group: groupKey(groups.get(p.name)!),
      alone: isWhole(p),
    })),
    'param',
  )
  const views = new Map(
    paramSlots.flatMap((slot) => (isWhole(slot.entries[0]) ? [[slot, weightView(slot.entries[0])] as const] : [])),
  )
  const heldSlots = slotsFor(
    held.map((s) => ({ name: s.name, storage: storages.get(s.name)!, group: 'held' })),
    'held',
  )
  const bound = new Map<string, Value>()
  const lowering = lower(graph, roots, {
    ...options,
    bind(name, _storage, target) {
      if (!bound.size)
        for (const slot of [...paramSlots, ...heldSlots])
          for (const [n, v] of readSlot(target, slot, spec.block > 0)) bound.set(n, v)
      return bound.get(name)!
    },
  })
  const target = lowering.target
  const metricValues = metricNames.map((_, i) => lowering.plain(roots[i]))
  const gradientOf = new Map(
    trained.map((p, i) => [p.name, lowering.inStorageOf(roots[metricNames.length + i], storages.get(p.name)!)]),
  )
  const slots: Slot[] = []

  const lrs = Array.from({ length: spec.learningRates }, (_, i) => target.input(`lr${i}`, []))
  const apply = spec.accumulate > 1 ? target.input('apply', []) : null
  const scalars = Object.fromEntries(
    Object.keys(spec.optimizer.scalars(1, { momentum: 0.9, beta2: 0.999 })).map((n) => [n, target.input(n, [])]),
  )
  const flatGradients = new Map<Slot, Value>()
  for (const slot of paramSlots) {
    if (!groups.get(slot.entries[0].name)) continue
    let g = concat(
      slot.entries.map((e) => reshape(gradientOf.get(e.name)!, [e.length])),
      0,
    )
    g = reshape(g, slot.shape)
    if (apply) {
      const accumulator = addSlot(slot, 'accumulator')
      const sum = add(target.input(accumulator.name, slot.shape), g)
      target.output(`${accumulator.name}'`, mul(sum, sub(1, apply)))
      g = mul(sum, 1 / spec.accumulate)
    }
    flatGradients.set(slot, g)
  }
  if (spec.clip > 0) {
    const squares = [...flatGradients.values()].map((g) =>
      reduceSumSquare(
        g,
        g.shape.map((_, i) => i),
      ),
    )
    const norm = sqrt(squares.reduce((a, b) => add(a, b)))
    const factor = min(div(spec.clip, add(norm, 1e-6)), 1)
    for (const [slot, g] of flatGradients) flatGradients.set(slot, mul(g, factor))
    metricNames.push('grad_norm')
    metricValues.push(norm)
  }
  for (const slot of paramSlots) {
    slots.push(slot)
    const w = target.input(slot.name, slot.shape)
    const group = groups.get(slot.entries[0].name)
    if (!group) continue
    const states: Record<string, Value> = {}
    const stateSlots = spec.optimizer.states.map((state) => addSlot(slot, state))
    spec.optimizer.states.forEach((state, i) => (states[state] = target.input(stateSlots[i].name, slot.shape)))
    const next = spec.optimizer.update({
      w,
      g: flatGradients.get(slot)!,
      lr: lrs[group.lr],
      states,
      scalars,
      decay: group.decay,
      weight: views.get(slot) ?? null,
    })
    const gate = (before: Value, after: Value) => (apply ? add(before, mul(sub(after, before), apply)) : after)
    target.output(`${slot.name}'`, gate(w, next.w))
    spec.optimizer.states.forEach((state, i) =>
      target.output(`${stateSlots[i].name}'`, gate(states[state], next.states[state])),
    )
  }
  slots.push(...heldSlots)
  addStatistics()
  metricNames.forEach((name, i) => target.output(`metric/${name}`, metricValues[i]))
  const images = Object.fromEntries(
    [...lowering.packings].map(([name, packing]) => [name, { packing, shape: target.inputs.get(name)!.shape }]),
  )
  return {
    onnx: encodeOnnx(target, { symbolic: spec.symbolic }),
    trunk: cut && { graph: whole, features: cut.features.map((value, i) => ({ name: featureName(i), value })) },
    slots,
    images,
    metrics: metricNames,
    params: [...nn.params.values()],
    stats: [...nn.stats.values()].map((s) => ({ ...s, batch: null })),
    nodes: target.reachable().length,
    learningRates: spec.learningRates,
    accumulate: spec.accumulate,
  }

  function addSlot(of: Slot, kind: string): Slot {
    const slot: Slot = { ...of, name: of.name.replace('param', kind), kind }
    slots.push(slot)
    return slot
  }

  /** Running statistics: one flat vector, updated by one multiply-add. */
  function addStatistics(): void {
    if (!stats.length) return
    const first = metricNames.length - (spec.clip > 0 ? 1 : 0) + gradients.length
    const forms = stats.map((_, i) => lowering.form(roots[first + i]))
    const entries: SlotEntry[] = []
    let offset = 0
    stats.forEach((s, i) => {
      const storage: Storage = forms[i].stored?.storage ?? { kind: 'plain', shape: s.shape }
      entries.push({ name: s.name, storage, offset, length: storedSize(storage) })
      offset += storedSize(storage)
    })
    const slot: Slot = { name: 'stat', kind: 'stat', shape: [offset], entries }
    slots.push(slot)
    const batch = concat(
      entries.map((e, i) => reshape(lowering.inStorageOf(roots[first + i], e.storage), [e.length])),
      0,
    )
    const keep = new Float32Array(offset)
    const take = new Float32Array(offset)
    entries.forEach((e, i) => {
      keep.fill(stats[i].momentum, e.offset, e.offset + e.length)
      take.fill((1 - stats[i].momentum) * stats[i].factor, e.offset, e.offset + e.length)
    })
    const running = target.input(slot.name, slot.shape)
    target.output(
      "stat'",
      add(mul(running, target.constant(keep, [offset])), mul(batch, target.constant(take, [offset]))),
    )
  }
}

/** Metrics may be inputs of nothing else; cutting the gradient keeps them roots of their own. */
const detached = (v: Value): Value => (v.node.op.name === 'Identity' ? v : stopGradient(v))

const groupKey = (group: { decay: number; lr: number } | null): string =>
  group ? `${group.lr}:${group.decay}` : 'frozen'

/** Output channels of a weight in its storage. */
function weightView({ storage }: SlotEntry): WeightView {
  const total = size(storage.shape)
  const channels = storage.shape[0]
  const lanes = storage.kind === 'plain' || storage.kind === 'channels' ? 1 : storage.block
  const blocks =
    storage.kind === 'conv' || storage.kind === 'rows'
      ? storage.out.padded / lanes
      : storage.kind === 'depthwise'
        ? storage.map.padded / lanes
        : channels
  return { view: [blocks, storedSize(storage) / (blocks * lanes), lanes], perChannel: total / channels, total }
}

function slotsFor(
  items: readonly { name: string; storage: Storage; group: string; alone?: boolean }[],
  kind: string,
): Slot[] {
  const slots: Slot[] = []
  const shared = new Map<string, SlotEntry[]>()
  for (const { name, storage, group, alone } of items) {
    const length = storedSize(storage)
    if (alone || length > PACK_LIMIT)
      slots.push({ name: `${kind}/${name}`, kind, shape: [length], entries: [{ name, storage, offset: 0, length }] })
    else {
      const entries = shared.get(group) ?? []
      const last = entries.at(-1)
      entries.push({ name, storage, offset: last ? last.offset + last.length : 0, length })
      shared.set(group, entries)
    }
  }
  let i = 0
  for (const entries of shared.values()) {
    const last = entries.at(-1)!
    slots.push({ name: `${kind}/group${i++}`, kind, shape: [last.offset + last.length], entries })
  }
  return slots
}

/**
 * The stored tensors inside a slot's input.
 * @param atOnce one Split with many outputs: right for the CPU; GPU kernels bind at most seven, so there each has a Slice.
 */
function readSlot(target: Graph, slot: Slot, atOnce: boolean): [string, Value][] {
  const flat = target.input(slot.name, slot.shape)
  if (!atOnce) return slot.entries.map((e) => [e.name, slice(flat, 0, e.offset, e.offset + e.length)])
  const lengths = slot.entries.map((e) => e.length)
  const parts = split(flat, lengths, 0)
  return slot.entries.map((e, i) => [e.name, parts[i]])
}

/** Total number of trainable numbers of a model, as PyTorch counts them. */
export const parameterCount = (params: Iterable<ParamSpec>): number =>
  [...params].reduce((n, p) => n + size(p.shape), 0)
