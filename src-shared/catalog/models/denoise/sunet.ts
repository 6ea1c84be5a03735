/** SUNet, Fan et al. 2022, arXiv:2202.14009: a U-Net of Swin layers (Cao et al. 2021, arXiv:2105.05537). */
import { z } from 'zod'
import type { Value } from '../../../engine/graph'
import type { Nn } from '../../../engine/nn'
import { add, concat, focus, pixelShuffle, prelu } from '../../../engine/ops'
import { swinLayer } from '../../swin-layer'
import type { ModelDef } from '../define'
import { enlarge } from './bilinear'
import { channelsParam, defineDenoiser, quiet } from './common'

export interface SunetSize {
  title: string
  width: number
  /** Layers of each level. */
  depths: number[]
  heads: number[]
  patch: number
  learningRate: number
  /** Trainable numbers for three channels. */
  parameters: number
}

const EPSILON = 1e-5

/** @param size what the parameters are where a recipe leaves them open. */
export function defineSunet(size: SunetSize): ModelDef<Value> {
  const levels = z.array(z.int().min(1).max(16)).min(1).max(5)
  const params = z
    .strictObject({
      channels: channelsParam,
      /** Channels of the first level; they double with each. */
      width: z.int().min(4).max(256).default(size.width),
      /** Layers of each level, on the way down and again on the way up; every second one has its windows shifted. */
      depths: levels.default(size.depths),
      /** Heads of each level. */
      heads: levels.default(size.heads),
      /** Side of the windows, cells. */
      window: z.int().min(2).max(16).default(8),
      /** Side in px of what becomes one cell of the first level. */
      patch: z.union([z.literal(1), z.literal(2), z.literal(4)]).default(size.patch as 1 | 2 | 4),
    })
    .refine(({ depths, heads }) => depths.length === heads.length, 'depths and heads must be as many')
    .refine(({ heads, width }) => heads.every((h, i) => (width * 2 ** i) % h === 0), 'heads must divide the channels')
  return defineDenoiser({
    title: size.title,
    source: 'Fan et al. 2022, arXiv:2202.14009; Liu et al. 2021, arXiv:2103.14030',
    stride: size.patch * 2 ** (size.depths.length - 1),
    strideOf: ({ patch, depths }) => patch * 2 ** (depths.length - 1),
    // Windows, and what must not hear of each other, are laid out for one size.
    fixedSize: () => true,
    // Each pair of layers tells a cell of its neighbouring window.
    fieldOfView: ({ patch, window, depths }) =>
      1 + depths.reduce((sum, depth, level) => sum + 2 * depth * window * patch * 2 ** level, 0),
    learningRate: size.learningRate,
    params,
    examples: [{ classes: 0, parameters: size.parameters }],
    build(nn, images, { channels, width, depths, heads, window, patch }) {
      const last = depths.length - 1
      const stage = (name: string, x: Value, level: number): Value =>
        nn.scope(name, () => {
          for (let i = 0; i < depths[level]; i++)
            x = nn.scope(`blocks.${i}`, () => swinLayer(nn, x, { heads: heads[level], window, shift: i % 2 === 1, ratio: 4 })) // prettier-ignore
          return x
        })
      const shallow = nn.conv2d('conv_first', images, width, 3, { bias: true })
      let x = nn.conv2d('patch_embed.proj', shallow, width, patch, { stride: patch, bias: true })
      x = nn.channelNorm('patch_embed.norm', x, EPSILON)
      const skips: Value[] = []
      for (let level = 0; level <= last; level++) {
        x = stage(`layers.${level}`, x, level)
        if (level === last) break
        skips.push(x)
        x = mergePatches(nn, `layers.${level}.downsample`, x)
      }
      x = nn.channelNorm('norm', x, EPSILON)
      for (let level = last - 1; level >= 0; level--) {
        const name = `layers_up.${last - level - 1}`
        x = upsampleTwice(nn, `${name}.upsample`, x, 2, width * 2 ** level)
        x = nn.conv2d(`${name}.concat_back`, concat([x, skips[level]], 1), width * 2 ** level, 1, { bias: true })
        x = stage(name, x, level)
      }
      x = upsampleTwice(nn, 'up_x4', nn.channelNorm('norm_up', x, EPSILON), patch, width)
      return add(images, nn.conv2d('output', x, channels, 3, { init: quiet(x.shape[1], 3) }))
    },
  })
}

/** Swin's way down: 2x2 neighbours become one cell of twice the channels. */
function mergePatches(nn: Nn, name: string, x: Value): Value {
  return nn.scope(name, () => nn.conv2d('reduction', nn.channelNorm('norm', focus(x), EPSILON), 2 * x.shape[1], 1))
}

/** The article's dual up-sample: sub-pixel and bilinear enlargement beside each other, so that neither leaves a grid. */
function upsampleTwice(nn: Nn, name: string, x: Value, scale: number, out: number): Value {
  return nn.scope(name, () => {
    const slope = (leaf: string) => nn.param(leaf, [1, 1, 1, 1], { kind: 'constant', value: 0.25 }, 'norm')
    const wide = prelu(nn.conv2d('up_p.0', x, scale * scale * out, 1), slope('up_p.1.weight'))
    const shuffled = nn.conv2d('up_p.3', scale > 1 ? pixelShuffle(wide, scale) : wide, out, 1)
    const bent = prelu(nn.conv2d('up_b.0', x, x.shape[1], 1, { bias: true }), slope('up_b.1.weight'))
    // The last 1x1 convolution and the enlargement may change places: small maps cost less.
    const smooth = enlarge(nn.conv2d('up_b.3', bent, out, 1), scale)
    return nn.conv2d('conv', concat([shuffled, smooth], 1), out, 1)
  })
}
