/** Training programs around a small function: optimizers, clipping, accumulation, freezing, groups, repeatability. */
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { optimizers } from '@shared/catalog/optimizers'
import type { Value } from '@shared/engine/graph'
import { add, matmul, mul, reduceSum, sub, tanh } from '@shared/engine/ops'
import { type Program, type StepSpec, trainStep } from '@shared/engine/step'
import { Stepper, type Tensors } from '../../../src-worker/train/stepper'
import { need } from '../../helpers/need'
import { plainOptimizers } from '../../helpers/plain-optimizers'

const torch = need('torch')
const ROWS = 4

/** y = tanh(x a + c) b against wanted numbers: the mean of squares. No batch norm, so that batches simply add up. */
function build(rows: number): StepSpec['build'] {
  return (nn, graph) => {
    const a = nn.param('a.weight', [3, 5], { kind: 'constant', value: 0 }, 'weight')
    const c = nn.param('a.bias', [5], { kind: 'constant', value: 0 }, 'bias')
    const b = nn.param('b.weight', [5, 2], { kind: 'constant', value: 0 }, 'weight')
    const y: Value = matmul(tanh(add(matmul(graph.input('x', [rows, 3]), a), c)), b)
    const error = sub(y, graph.input('wanted', [rows, 2]))
    const loss = mul(reduceSum(mul(error, error), [0, 1]), 1 / rows)
    return { total: loss, metrics: { loss } }
  }
}
const spec = (optimizer: string, more: Partial<StepSpec> = {}, rows = ROWS): StepSpec => ({
  build: build(rows),
  optimizer: optimizers.get(optimizer),
  group: (p) => ({ decay: p.role === 'weight' ? 0.01 : 0, lr: 0 }),
  learningRates: 1,
  clip: 0,
  accumulate: 1,
  images: [],
  block: 0,
  ...more,
})
const draw = (name: string, count: number): Float32Array => {
  const random = rng('optimizers', name)
  return Float32Array.from({ length: count }, () => random.uniform(-1, 1))
}
const initial = (): Tensors =>
  new Map([
    ['a.weight', draw('a', 15)],
    ['a.bias', draw('c', 5)],
    ['b.weight', draw('b', 10)],
  ])
interface Rows {
  x: Float32Array
  wanted: Float32Array
}
const data = (step: number, rows = ROWS): Rows => ({
  x: draw(`x${step}`, rows * 3),
  wanted: draw(`y${step}`, rows * 2),
})

async function run(
  program: Program,
  optimizer: string,
  batches: readonly Rows[],
  {
    lr = [0.1],
    apply = (): number => 1,
    momentum = 0.9,
  }: { lr?: number[]; apply?: (i: number) => number; momentum?: number } = {},
) {
  const stepper = await Stepper.create(program, optimizers.get(optimizer), initial(), { provider: 'cpu', threads: 1 })
  const metrics: Record<string, number>[] = []
  const history: Tensors[] = []
  for (const [i, { x, wanted }] of batches.entries()) {
    const rows = x.length / 3
    const tensors = { x: { data: x, shape: [rows, 3] }, wanted: { data: wanted, shape: [rows, 2] } }
    metrics.push(await stepper.step({ images: {}, tensors, lr, momentum, beta2: 0.99, apply: apply(i) }))
    history.push(stepper.read('param'))
  }
  await stepper.close()
  return { metrics, history, last: history.at(-1)! }
}

/** Loss and gradient by each parameter in float64, with the chain rule written out. */
function plainGradient(
  w: Map<string, number[]>,
  { x, wanted }: Rows,
): { loss: number; gradients: Map<string, number[]> } {
  const [a, c, b] = ['a.weight', 'a.bias', 'b.weight'].map((n) => w.get(n)!)
  const rows = x.length / 3
  const da = new Array<number>(15).fill(0)
  const dc = new Array<number>(5).fill(0)
  const db = new Array<number>(10).fill(0)
  let loss = 0
  for (let r = 0; r < rows; r++) {
    const h = c.map((bias, j) => Math.tanh(bias + [0, 1, 2].reduce((s, i) => s + x[r * 3 + i] * a[i * 5 + j], 0)))
    for (let k = 0; k < 2; k++) {
      const e = h.reduce((s, v, j) => s + v * b[j * 2 + k], 0) - wanted[r * 2 + k]
      loss += (e * e) / rows
      h.forEach((v, j) => {
        const dh = ((2 * e) / rows) * b[j * 2 + k] * (1 - v * v)
        db[j * 2 + k] += ((2 * e) / rows) * v
        dc[j] += dh
        for (let i = 0; i < 3; i++) da[i * 5 + j] += dh * x[r * 3 + i]
      })
    }
  }
  return {
    loss,
    gradients: new Map([
      ['a.weight', da],
      ['a.bias', dc],
      ['b.weight', db],
    ]),
  }
}
const norm = (gradients: Map<string, number[]>): number =>
  Math.sqrt([...gradients.values()].flat().reduce((s, v) => s + v * v, 0))

function plainRun(
  optimizer: string,
  batches: readonly Rows[],
  { lr = () => 0.1, limit = Infinity }: { lr?: (name: string) => number; limit?: number } = {},
) {
  const states = new Map(
    [...initial()].map(([n, w]) => [
      n,
      { w: [...w], first: w.length ? Array(w.length).fill(0) : [], second: Array(w.length).fill(0), step: 0 },
    ]),
  )
  for (const batch of batches) {
    const { gradients } = plainGradient(new Map([...states].map(([n, s]) => [n, s.w])), batch)
    const factor = Math.min(1, limit / (norm(gradients) + 1e-6))
    for (const [name, state] of states) {
      const g = gradients.get(name)!.map((v) => v * factor)
      plainOptimizers[optimizer](state, g, {
        lr: lr(name),
        momentum: 0.9,
        beta2: 0.99,
        decay: name.endsWith('weight') ? 0.01 : 0,
      })
    }
  }
  return new Map([...states].map(([n, s]) => [n, s.w]))
}
function expectClose(actual: Tensors, expected: Map<string, ArrayLike<number>>, tolerance = 2e-6) {
  for (const [name, want] of expected)
    expect(Math.max(...Array.from(want, (v, i) => Math.abs(v - actual.get(name)![i]))), name).toBeLessThan(tolerance)
}
const three = [data(0), data(1), data(2)]

describe.each(['sgd', 'adam', 'adamw'])('%s', (optimizer) => {
  it('makes three steps as the formulas in float64 do', async () => {
    const { last, metrics } = await run(trainStep(spec(optimizer)), optimizer, three)
    expectClose(last, plainRun(optimizer, three))
    const start = new Map([...initial()].map(([n, w]) => [n, [...w]]))
    expect(metrics[0].loss).toBeCloseTo(plainGradient(start, three[0]).loss, 5)
  })

  torch.test('makes three steps as PyTorch does', async () => {
    const { last } = await run(trainStep(spec(optimizer)), optimizer, three)
    const input = {
      weights: Object.fromEntries([...initial()].map(([n, w]) => [n, [...w]])),
      batches: three.map(({ x, wanted }) => ({ x: [...x], wanted: [...wanted] })),
      optimizer,
    }
    const script = `
import json, sys, torch
torch.set_num_threads(1)
d = json.load(sys.stdin)
shape = {'a.weight': (3, 5), 'a.bias': (5,), 'b.weight': (5, 2)}
w = {k: torch.tensor(v, dtype=torch.float64).reshape(shape[k]).requires_grad_() for k, v in d['weights'].items()}
groups = [{'params': [w['a.weight'], w['b.weight']], 'weight_decay': .01}, {'params': [w['a.bias']], 'weight_decay': 0}]
make = {'sgd': lambda: torch.optim.SGD(groups, lr=.1, momentum=.9, nesterov=True),
        'adam': lambda: torch.optim.Adam(groups, lr=.1, betas=(.9, .99)),
        'adamw': lambda: torch.optim.AdamW(groups, lr=.1, betas=(.9, .99))}
optimizer = make[d['optimizer']]()
for b in d['batches']:
    x = torch.tensor(b['x'], dtype=torch.float64).reshape(-1, 3)
    wanted = torch.tensor(b['wanted'], dtype=torch.float64).reshape(-1, 2)
    loss = ((torch.tanh(x @ w['a.weight'] + w['a.bias']) @ w['b.weight'] - wanted) ** 2).sum() / len(x)
    optimizer.zero_grad(); loss.backward(); optimizer.step()
print(json.dumps({k: v.detach().flatten().tolist() for k, v in w.items()}))`
    const result = JSON.parse(
      execFileSync(torch.path, ['-c', script], { input: JSON.stringify(input), encoding: 'utf8' }),
    ) as Record<string, number[]>
    expectClose(last, new Map(Object.entries(result)))
  })
})

describe('Gradient clipping', () => {
  it('scales all gradients by one factor when their norm is above the limit, and reports the norm', async () => {
    const start = new Map([...initial()].map(([n, w]) => [n, [...w]]))
    const whole = norm(plainGradient(start, three[0]).gradients)
    const { last, metrics } = await run(trainStep(spec('sgd', { clip: whole / 3 })), 'sgd', three)
    expect(metrics[0].grad_norm).toBeCloseTo(whole, 4)
    expectClose(last, plainRun('sgd', three, { limit: whole / 3 }))
  })

  it('changes nothing below the limit', async () => {
    const { last } = await run(trainStep(spec('sgd', { clip: 1e3 })), 'sgd', three)
    expectClose(last, plainRun('sgd', three))
  })
})

describe('Accumulation', () => {
  it.each(['sgd', 'adamw'])('of two batches of 4 is one of 8, with %s', async (optimizer) => {
    const eight = [data(10, 8), data(11, 8)]
    const halves = eight.flatMap(({ x, wanted }) => [
      { x: x.slice(0, 12), wanted: wanted.slice(0, 8) },
      { x: x.slice(12), wanted: wanted.slice(8) },
    ])
    const whole = await run(trainStep(spec(optimizer, {}, 8)), optimizer, eight)
    const parts = await run(trainStep(spec(optimizer, { accumulate: 2 })), optimizer, halves, { apply: (i) => i % 2 })
    expectClose(parts.history[1], whole.history[0], 1e-6)
    expectClose(parts.last, whole.last, 1e-6)
    // Between the halves nothing moves.
    expect(parts.history[0]).toEqual(initial())
    expect(parts.history[2]).toEqual(parts.history[1])
  })

  it('clips the sum, not its parts', async () => {
    const both = {
      x: Float32Array.of(...three[0].x, ...three[1].x),
      wanted: Float32Array.of(...three[0].wanted, ...three[1].wanted),
    }
    const { last } = await run(trainStep(spec('sgd', { accumulate: 2, clip: 0.1 })), 'sgd', three.slice(0, 2), {
      apply: (i) => i % 2,
    })
    expectClose(last, plainRun('sgd', [both], { limit: 0.1 }))
  })
})

describe('Parameter groups', () => {
  it('leave frozen parameters as they are to the last bit and train the rest', async () => {
    const { last } = await run(
      trainStep(spec('adamw', { group: (p) => (p.name.startsWith('a.') ? null : { decay: 0.01, lr: 0 }) })),
      'adamw',
      three,
    )
    expect(last.get('a.weight')).toEqual(initial().get('a.weight'))
    expect(last.get('a.bias')).toEqual(initial().get('a.bias'))
    expect(last.get('b.weight')).not.toEqual(initial().get('b.weight'))
    expectClose(last, plainRun('adamw', three, { lr: (n) => (n === 'b.weight' ? 0.1 : 0) }))
  })

  it('refuse to freeze everything', () => {
    expect(() => trainStep(spec('sgd', { group: () => null }))).toThrow(
      expect.objectContaining({
        code: 'bad-recipe',
        message: expect.stringMatching(/Every parameter is frozen.*freeze/),
      }),
    )
  })

  it('have learning rates of their own', async () => {
    const program = trainStep(
      spec('sgd', {
        learningRates: 2,
        group: (p) => ({ decay: p.role === 'weight' ? 0.01 : 0, lr: p.name.startsWith('b.') ? 1 : 0 }),
      }),
    )
    const { last } = await run(program, 'sgd', three, { lr: [0.02, 0.3] })
    expectClose(last, plainRun('sgd', three, { lr: (n) => (n === 'b.weight' ? 0.3 : 0.02) }))
  })

  it('refuse a parameter that the loss does not use, by name', () => {
    const unused: StepSpec['build'] = (nn, graph) => {
      const built = build(ROWS)(nn, graph)
      nn.param('spare.weight', [4], { kind: 'conv' }, 'weight')
      return built
    }
    expect(() => trainStep(spec('sgd', { build: unused }))).toThrow(
      expect.objectContaining({ code: 'bad-graph', message: expect.stringMatching(/spare\.weight is not used/) }),
    )
  })
})

describe('A run', () => {
  it('repeats to the last bit', async () => {
    const once = await run(trainStep(spec('adamw', { clip: 1 })), 'adamw', three)
    const twice = await run(trainStep(spec('adamw', { clip: 1 })), 'adamw', three)
    expect(twice).toEqual(once)
  })
})
