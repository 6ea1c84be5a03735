/**
 * YOLOv3's parts as YOLOX's base line uses them: Darknet-53 (Redmon and Farhadi 2018, arXiv:1804.02767) with spatial
 * pyramid pooling, and a top-down neck. Leaky ReLU throughout; names as in the original state dict.
 */
import type { Value } from '../../../engine/graph'
import type { Nn } from '../../../engine/nn'
import { add, concat, upsample } from '../../../engine/ops'
import { type Features, sppBottleneck } from './parts'

const activation = 'leaky-relu'

/** 1x1 to half the channels and 3x3 back, added to the input. */
function residual(nn: Nn, name: string, x: Value): Value {
  return nn.scope(name, () => {
    const channels = x.shape[1]
    const narrow = nn.convBn('layer1', x, channels / 2, 1, { activation })
    return add(x, nn.convBn('layer2', narrow, channels, 3, { activation }))
  })
}

/** A convolution of stride 2 to twice the channels, then residual blocks, numbered from `first`. */
function group(nn: Nn, x: Value, blocks: number, first = 0): Value {
  let y = nn.convBn(`${first}`, x, x.shape[1] * 2, 3, { stride: 2, activation })
  for (let i = 1; i <= blocks; i++) y = residual(nn, `${first + i}`, y)
  return y
}

export function darknet53(nn: Nn, image: Value): Features {
  return nn.scope('backbone', () => {
    const stem = nn.scope('stem', () => group(nn, nn.convBn('0', image, 32, 3, { activation }), 1, 1))
    const dark2 = nn.scope('dark2', () => group(nn, stem, 2))
    const p3 = nn.scope('dark3', () => group(nn, dark2, 8))
    const p4 = nn.scope('dark4', () => group(nn, p3, 8))
    const p5 = nn.scope('dark5', () => {
      const deep = group(nn, p4, 4)
      const block = (name: string, x: Value, out: number, kernel: number) =>
        nn.convBn(name, x, out, kernel, { activation })
      const wide = block('6', block('5', deep, 512, 1), 1024, 3)
      return block('9', block('8', sppBottleneck(nn, '7', wide, 512, activation), 1024, 3), 512, 1)
    })
    return { p3, p4, p5 }
  })
}

/** Feature pyramid: each deeper level, narrowed and upsampled, joins the one above; five convolutions after each join. */
export function fpn(nn: Nn, { p3, p4, p5 }: Features): Features {
  const join = (level: 1 | 2, deep: Value, x: Value, narrow: number): Value => {
    const lateral = nn.convBn(`out${level}_cbl`, deep, narrow, 1, { activation })
    const joined = concat([upsample(lateral, 2), x], 1)
    const steps: [number, number][] = [
      [narrow, 1],
      [narrow * 2, 3],
      [narrow, 1],
      [narrow * 2, 3],
      [narrow, 1],
    ]
    return nn.scope(`out${level}`, () =>
      steps.reduce((y, [out, kernel], i) => nn.convBn(`${i}`, y, out, kernel, { activation }), joined),
    )
  }
  const out4 = join(1, p5, p4, 256)
  return { p3: join(2, out4, p3, 128), p4: out4, p5 }
}
