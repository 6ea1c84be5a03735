/** Small random networks of the kinds of layers that detectors have, with odd channel counts and sizes. */
import { rng, type Rng } from '@shared/base/rng'
import { grad } from '@shared/engine/grad'
import { Graph, type Value, size } from '@shared/engine/graph'
import { Nn } from '@shared/engine/nn'
import { add, concat, focus, maxPool, mul, reduceSum, silu, split, upsample } from '@shared/engine/ops'

export interface RandomNet {
  /** Loss, gradient of each parameter, statistics of each batch norm. */
  wanted: Value[]
  /** The parameter in whose storage a wanted value lies, or null. */
  storageOf: (string | null)[]
  params: Set<string>
  feeds: Record<string, number[]>
  description: string
}
export interface NetOptions {
  batch: number
  /** Height and width of the image. */
  side: readonly [number, number]
  seed: number
  layers?: number
  /** By way of Focus, as scaled features, or as bytes straight into a convolution. */
  stem?: 'focus' | 'conv' | 'image'
}

const channels = [3, 7, 16, 24, 32, 40]

export function buildRandomNet({ batch, side, seed, layers = 6, stem = 'focus' }: NetOptions): RandomNet {
  const random = rng('net', seed)
  const graph = new Graph()
  const nn = new Nn(graph, true)
  const image = graph.input('images', [batch, 3, ...side])
  const steps: string[] = []
  const pick = <T>(items: readonly T[]): T => items[random.int(0, items.length - 1)]
  const stems = {
    focus: () => nn.convBnSilu('stem', focus(image), pick(channels), 3),
    conv: () => nn.convBnSilu('stem', mul(image, 1 / 255), 24, 3),
    image: () => nn.convBn('stem', image, 24, 3, { activation: 'leaky-relu' }),
  }
  let x = stems[stem]()
  for (let i = 0; i < layers; i++) {
    const name = `l${i}`
    const [kind, y] = layer(nn, name, x, random, pick)
    steps.push(`${kind}[${y.shape}]`)
    x = y
  }
  const out = nn.conv2d('pred', x, 3, 1, { bias: true })
  const weights = graph.constant(
    Float32Array.from({ length: size(out.shape) }, () => random.uniform(-1, 1)),
    out.shape,
  )
  const loss = mul(reduceSum(mul(out, weights), [0, 1, 2, 3]), 1 / size(out.shape))
  const specs = [...nn.params.values()]
  const gradients = grad(
    loss,
    specs.map((p) => graph.inputs.get(p.name)!),
  )
  const stats = [...nn.stats.values()].map((s) => s.batch!)
  const feeds: Record<string, number[]> = {
    images: Array.from({ length: size(image.shape) }, () => random.int(0, 255)),
  }
  for (const p of specs) {
    const spread = p.role === 'weight' ? 2 / Math.sqrt(size(p.shape.slice(1))) : 0.5
    const middle = p.role === 'norm' && p.name.endsWith('weight') ? 1 : 0
    feeds[p.name] = Array.from({ length: size(p.shape) }, () => Math.fround(middle + random.uniform(-spread, spread)))
  }
  return {
    wanted: [loss, ...gradients, ...stats],
    storageOf: [null, ...specs.map((p) => p.name), ...stats.map(() => null)],
    params: new Set(specs.map((p) => p.name)),
    feeds,
    description: steps.join(' '),
  }
}

function layer(nn: Nn, name: string, x: Value, random: Rng, pick: <T>(items: readonly T[]) => T): [string, Value] {
  const [, c, h, w] = x.shape
  const even = h % 2 === 0 && w % 2 === 0 && h > 2 && w > 2
  const stride = even && random.chance(0.3) ? 2 : 1
  switch (random.int(0, 7)) {
    case 0:
      return ['conv3', nn.convBn(name, x, pick(channels), 3, { stride, activation: 'leaky-relu' })]
    case 1:
      return ['conv1', nn.convBnSilu(name, x, pick(channels), 1)]
    case 2: {
      const k = pick([3, 5, 7])
      return [`depthwise${k}s${stride}`, nn.convBnSilu(name, x, c, k, stride, c)]
    }
    case 3:
      return [
        'residual',
        nn.scope(name, () => add(nn.convBnSilu('b', nn.convBnSilu('a', x, pick(channels), 1), c, 3), x)),
      ]
    case 4:
      return ['pool', nn.scope(name, () => concat([x, maxPool(x, 5), maxPool(x, 3)], 1))]
    case 5:
      return [
        'csp',
        nn.scope(name, () =>
          concat([nn.convBnSilu('a', x, pick([24, 40, 7]), 1), nn.convBnSilu('b', x, pick([16, 3]), 3), x], 1),
        ),
      ]
    case 6:
      if (c < 2) return ['silu', silu(x)]
      return [
        'split',
        nn.scope(name, () => {
          const [a, b] = split(
            nn.convBnSilu('wide', x, 40, 1),
            pick([
              [16, 24],
              [32, 8],
              [13, 27],
            ]),
            1,
          )
          return concat([nn.convBnSilu('a', a, 24, 3), b], 1)
        }),
      ]
    default:
      return h * w > 100
        ? ['conv5', nn.convBnSilu(name, x, 24, 5)]
        : ['up', upsample(nn.conv2d(name, x, pick(channels), 1, { bias: true }), 2)]
  }
}
