/** NAFNet, Chen et al. 2022, arXiv:2204.04676: a U-shape of blocks whose only nonlinearity is a product. */
import { z } from 'zod'
import { add, pad, pixelShuffle, slice } from '../../engine/ops'
import { channelsParam, defineDenoiser, quiet } from './denoise/common'
import { nafBlock } from './denoise/naf-block'

const blocks = z.array(z.int().min(0).max(64)).min(1).max(6)

export default defineDenoiser({
  title: 'NAFNet',
  source: 'Chen et al. 2022, arXiv:2204.04676',
  stride: 16,
  // The number of levels decides; images that do not fit are padded inside.
  strideOf: ({ encoder }) => 2 ** encoder.length,
  // Windows are products with matrices of the map's own size.
  fixedSize: ({ window }) => window > 0,
  learningRate: 2e-3,
  params: z.strictObject({
    channels: channelsParam,
    width: z.int().min(4).max(128).default(16),
    /** Blocks of each level on the way down, in the middle, and on the way up. */
    encoder: blocks.default([1, 1, 1, 1]),
    middle: z.int().min(0).max(64).default(1),
    decoder: blocks.default([1, 1, 1, 1]),
    /** Side in px of the windows that stand for the whole image in channel attention at test time; 0: the whole. */
    window: z.int().min(0).default(0),
  }),
  examples: [
    { classes: 0, parameters: 29_159_715, params: { width: 32, encoder: [2, 2, 4, 8], middle: 12, decoder: [2, 2, 2, 2] } },
    { classes: 0, parameters: 115_982_915, params: { width: 64, encoder: [2, 2, 4, 8], middle: 12, decoder: [2, 2, 2, 2] } },
    { classes: 0, parameters: 17_111_907, params: { width: 32, encoder: [1, 1, 1, 28], middle: 1, decoder: [1, 1, 1, 1] } },
  ], // prettier-ignore
  build(nn, images, { channels, width, encoder, middle, decoder, window }) {
    const [, , h, w] = images.shape
    const unit = 2 ** encoder.length
    const fill = (side: number) => (unit - (side % unit)) % unit
    const whole = pad(images, [0, 0, 0, 0], [0, 0, fill(h), fill(w)])
    let x = nn.conv2d('intro', whole, width, 3, { bias: true })
    const skips: (typeof x)[] = []
    const at = (level: number) => (nn.training ? 0 : window / 2 ** level)
    encoder.forEach((count, level) => {
      for (let i = 0; i < count; i++) x = nafBlock(nn, `encoders.${level}.${i}`, x, at(level))
      skips.push(x)
      x = nn.conv2d(`downs.${level}`, x, 2 * x.shape[1], 2, { stride: 2, bias: true })
    })
    for (let i = 0; i < middle; i++) x = nafBlock(nn, `middle_blks.${i}`, x, at(encoder.length))
    decoder.forEach((count, level) => {
      x = add(pixelShuffle(nn.conv2d(`ups.${level}.0`, x, 2 * x.shape[1], 1), 2), skips.at(-1 - level)!)
      for (let i = 0; i < count; i++) x = nafBlock(nn, `decoders.${level}.${i}`, x, at(encoder.length - 1 - level))
    })
    const clean = add(nn.conv2d('ending', x, channels, 3, { bias: true, biasInit: 0, init: quiet(width, 3) }), whole)
    return slice(slice(clean, 2, 0, h), 3, 0, w)
  },
})
