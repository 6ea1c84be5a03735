/** AdamP and LARS: updates that look at whole weights, in the plain and in the blocked layout, against their formulas. */
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { optimizers } from '@shared/catalog/optimizers'
import { grad } from '@shared/engine/grad'
import { Graph, type Value, size } from '@shared/engine/graph'
import { Nn, type ParamSpec } from '@shared/engine/nn'
import { mul, reduceSum, sub } from '@shared/engine/ops'
import { type StepSpec, trainStep } from '@shared/engine/step'
import { Stepper, type Tensors } from '../../../src-worker/train/stepper'
import { need } from '../../helpers/need'
import { seededNumbers } from '../../helpers/op-examples'
import { interpret } from '../../helpers/reference'

const torch = need('torch')
const [LR, MOMENTUM, BETA2, DECAY] = [0.02, 0.9, 0.99, 0.05]
const IMAGES = [4, 3, 6, 6]
const WANTED = [4, 2, 6, 6]

/** Plain, depth-wise and dense convolutions before norms, whose length means nothing, and one whose length does. */
const build: StepSpec['build'] = (nn, graph) => {
  const x = graph.input('x', IMAGES)
  const first = nn.convBn('first', x, 20, 3)
  const deep = nn.convBn('deep', nn.convBn('each', first, 20, 3, { groups: 20 }), 18, 1)
  const y = nn.conv2d('last', deep, 2, 3, { bias: true })
  const error = sub(y, graph.input('wanted', WANTED))
  const loss = mul(reduceSum(mul(error, error), [0, 1, 2, 3]), 1 / size(WANTED))
  return { total: loss, metrics: { loss } }
}
const source = new Graph()
const nn = new Nn(source, true)
const { total } = build(nn, source)
const specs = [...nn.params.values()]
const values: Value[] = specs.map(({ name }) => source.inputs.get(name)!)
const gradients = grad(total, values)
const batches = [0, 1, 2].map((step) => ({
  x: seededNumbers(size(IMAGES), 'float32', -1, 1, 'x', step),
  wanted: seededNumbers(size(WANTED), 'float32', -1, 1, 'y', step),
}))
const initial = (): Tensors =>
  new Map([
    ...specs.map(({ name, shape, role }): [string, Float32Array] => {
      const random = rng('whole', name)
      return [
        name,
        Float32Array.from({ length: size(shape) }, () => random.uniform(-0.5, 0.5) + Number(role === 'norm')),
      ]
    }),
    ...[...nn.stats.values()].map(({ name, shape }): [string, Float32Array] => [name, new Float32Array(size(shape))]),
  ])

interface State {
  w: number[]
  first: number[]
  second: number[]
}
const norm = (v: readonly number[]) => Math.sqrt(v.reduce((s, x) => s + x * x, 0))
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((s, x, i) => s + x * b[i], 0)

/** How often AdamP took which way, so that the test is known to see them all. */
const ways = new Map<string, Set<string>>()

/** One update in float64 as the articles state it. */
const formulas: Record<string, (s: State, g: number[], spec: ParamSpec, step: number) => void> = {
  lars(s, g, { role }) {
    const decay = role === 'weight' ? DECAY : 0
    const trust = role === 'weight' ? (0.001 * norm(s.w)) / (norm(g) + decay * norm(s.w)) : 1
    s.w.forEach((w, i) => {
      s.first[i] = MOMENTUM * s.first[i] + LR * trust * (g[i] + decay * w)
      s.w[i] = w - s.first[i]
    })
  },
  adamp(s, g, { name, role, shape }, step) {
    const p = g.map((v, i) => {
      s.first[i] = MOMENTUM * s.first[i] + (1 - MOMENTUM) * v
      s.second[i] = BETA2 * s.second[i] + (1 - BETA2) * v * v
      return s.first[i] / (1 - MOMENTUM ** step) / (Math.sqrt(s.second[i] / (1 - BETA2 ** step)) + 1e-8)
    })
    let ratio = 1
    const way = (length: number): boolean => {
      const rows = Array.from({ length: s.w.length / length }, (_, r) => [r * length, (r + 1) * length])
      const cosines = rows.map(([a, b]) => {
        const [w, slope] = [s.w.slice(a, b), g.slice(a, b)]
        return Math.abs(dot(w, slope)) / (norm(w) * norm(slope))
      })
      if (Math.max(...cosines) >= 0.1 / Math.sqrt(length)) return false
      for (const [a, b] of rows) {
        const w = s.w.slice(a, b)
        const along = dot(w, p.slice(a, b)) / norm(w) ** 2
        w.forEach((v, i) => (p[a + i] -= along * v))
      }
      ratio = 0.1
      return true
    }
    if (role === 'weight') {
      const taken = way(s.w.length / shape[0]) ? 'channel' : way(s.w.length) ? 'layer' : 'none'
      ways.set(name, (ways.get(name) ?? new Set()).add(taken))
    }
    const decay = role === 'weight' ? DECAY : 0
    s.w.forEach((w, i) => (s.w[i] = w * (1 - LR * decay * ratio) - LR * p[i]))
  },
}

function plainRun(optimizer: string): Map<string, number[]> {
  const states = new Map<string, State>(
    specs.map(({ name, shape }) => [
      name,
      { w: [...initial().get(name)!], first: Array(size(shape)).fill(0), second: Array(size(shape)).fill(0) },
    ]),
  )
  batches.forEach((batch, i) => {
    const feeds = { ...batch, ...Object.fromEntries([...states].map(([name, { w }]) => [name, w])) }
    interpret(gradients, feeds).forEach(({ data }, k) =>
      formulas[optimizer](states.get(specs[k].name)!, [...data], specs[k], i + 1),
    )
  })
  return new Map([...states].map(([name, { w }]) => [name, w]))
}

async function run(optimizer: string, block: number): Promise<Tensors> {
  const program = trainStep({
    build,
    optimizer: optimizers.get(optimizer),
    group: ({ role }) => ({ decay: role === 'weight' ? DECAY : 0, lr: 0 }),
    learningRates: 1,
    clip: 0,
    accumulate: 1,
    images: [],
    block,
  })
  const stepper = await Stepper.create(program, optimizers.get(optimizer), initial(), { provider: 'cpu', threads: 1, optimize: 'basic' }) // prettier-ignore
  for (const { x, wanted } of batches) {
    const tensors = {
      x: { data: Float32Array.from(x), shape: IMAGES },
      wanted: { data: Float32Array.from(wanted), shape: WANTED },
    }
    await stepper.step({ images: {}, tensors, lr: [LR], momentum: MOMENTUM, beta2: BETA2, apply: 1 })
  }
  const params = stepper.read('param')
  await stepper.close()
  return params
}

/** Of what three steps moved, not of the weights: a step left out would be an error of 1. */
function expectMoved(actual: Tensors, expected: ReadonlyMap<string, ArrayLike<number>>): void {
  for (const { name } of specs) {
    const before = initial().get(name)!
    const want = Array.from(expected.get(name)!)
    const moved = Math.max(...want.map((v, i) => Math.abs(v - before[i])))
    const off = Math.max(...want.map((v, i) => Math.abs(v - actual.get(name)![i])))
    expect(moved, name).toBeGreaterThan(1e-7)
    expect(off, `${name} moved by ${moved}`).toBeLessThan(0.01 * moved + 2e-7)
  }
}

describe.each(['adamp', 'lars'])('%s', (optimizer) => {
  it.each([0, 16])('makes three steps as the formula in float64 does, with block %i', async (block) => {
    expectMoved(await run(optimizer, block), plainRun(optimizer))
  })

  torch.test('makes three steps as the formula on gradients of PyTorch does', async () => {
    const input = {
      optimizer,
      images: IMAGES,
      wanted: WANTED,
      settings: [LR, MOMENTUM, BETA2, DECAY],
      specs,
      weights: Object.fromEntries([...initial()].map(([name, w]) => [name, [...w]])),
      batches,
    }
    const script = `
import json, sys, torch
import torch.nn.functional as F
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
d = json.load(sys.stdin)
lr, momentum, beta2, decay = d['settings']
role = {s['name']: s['role'] for s in d['specs']}
t = {s['name']: torch.tensor(d['weights'][s['name']]).reshape(s['shape']).requires_grad_() for s in d['specs']}
state = {k: (torch.zeros_like(v), torch.zeros_like(v)) for k, v in t.items()}
def unit(x, name, groups=1):
    w = t[name + '.conv.weight']
    y = F.conv2d(x, w, padding=w.shape[2] // 2, groups=groups)
    return F.silu(F.batch_norm(y, None, None, t[name + '.bn.weight'], t[name + '.bn.bias'], True, .1, 1e-3))
for step, b in enumerate(d['batches'], 1):
    x = torch.tensor(b['x']).reshape(d['images'])
    y = unit(unit(unit(x, 'first'), 'each', 20), 'deep')
    y = F.conv2d(y, t['last.weight'], t['last.bias'], padding=1)
    loss = ((y - torch.tensor(b['wanted']).reshape(d['wanted'])) ** 2).mean()
    for v in t.values(): v.grad = None
    loss.backward()
    with torch.no_grad():
        for name, w in t.items():
            g, (m, v), wd = w.grad, state[name], decay if role[name] == 'weight' else 0
            if d['optimizer'] == 'lars':
                q = .001 * w.norm() / (g.norm() + wd * w.norm()) if role[name] == 'weight' else 1
                m.mul_(momentum).add_(lr * q * (g + wd * w))
                w -= m
                continue
            m.mul_(momentum).add_((1 - momentum) * g)
            v.mul_(beta2).add_((1 - beta2) * g * g)
            p = m / (1 - momentum ** step) / ((v / (1 - beta2 ** step)).sqrt() + 1e-8)
            ratio = 1
            if role[name] == 'weight':
                for shape in ((w.shape[0], -1), (1, -1)):
                    W, G, P = w.reshape(shape), g.reshape(shape), p.reshape(shape)
                    if F.cosine_similarity(W, G, dim=1).abs().max() < .1 / W.shape[1] ** .5:
                        n = F.normalize(W, dim=1)
                        p, ratio = (P - n * (n * P).sum(1, keepdim=True)).reshape(w.shape), .1
                        break
            w.mul_(1 - lr * wd * ratio).sub_(lr * p)
print(json.dumps({k: v.flatten().tolist() for k, v in t.items()}))`
    const result = JSON.parse(
      execFileSync(torch.path, ['-c', script], { input: JSON.stringify(input), encoding: 'utf8' }),
    ) as Record<string, number[]>
    expectMoved(await run(optimizer, 16), new Map(Object.entries(result)))
  })
})

describe('AdamP', () => {
  it('takes weights before norms for what they are, and others not', () => {
    plainRun('adamp')
    // First and dense: each output channel is scaled away by its norm.
    for (const name of ['first', 'each', 'deep']) expect([...ways.get(`${name}.conv.weight`)!]).toEqual(['channel'])
    expect([...ways.get('last.weight')!]).not.toContain('channel')
  })

  it('does not lengthen weights before norms as Adam does', async () => {
    const length = (tensors: Tensors) => norm([...tensors.get('deep.conv.weight')!])
    const [adamp, adamw] = [await run('adamp', 0), await run('adamw', 0)]
    expect(length(adamp) - length(initial())).toBeLessThan((length(adamw) - length(initial())) * 0.9)
  })
})
