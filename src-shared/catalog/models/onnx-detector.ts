import { TagwrightError } from '../../base/errors'
import type { Value } from '../../engine/graph'
import { add, upsample } from '../../engine/ops'
import { featuresOf, importedModel } from '../imported/define'
import { graft } from '../imported/graft'
import { networkOf } from '../imported/networks'
import { defineModel } from './define'
import { type DenseHead, STRIDES, decodeOutput, decoupledHead } from './yolox/head'
import { spatialConv } from './yolox/parts'

/** Channels of the pyramid. */
const WIDTH = 64

/** Any network from an ONNX file under a feature pyramid (Lin et al. 2017, arXiv:1612.03144) and YOLOX's head. */
export default defineModel<DenseHead>({
  ...importedModel(STRIDES),
  title: 'Any ONNX network with a new detection head',
  task: 'detect',
  source: 'Lin et al. 2017, arXiv:1612.03144; Ge et al. 2021, arXiv:2107.08430',
  stride: 32,
  learningRate: 2e-3,
  build(nn, images, { classes, params }) {
    const maps = graft(nn, images, networkOf(params), featuresOf(params))
    const at = (stride: number): Value => {
      const map = maps.find(({ shape }) => shape.length === 4 && shape[2] * stride === images.shape[2])
      if (map) return map
      const have = maps.map(({ shape }) => `[${shape}]`).join(', ')
      throw new TagwrightError(
        'bad-recipe',
        `The detection head needs feature maps of the strides 8, 16 and 32; the chosen ones are ${have} for ${images.shape[3]} x ${images.shape[2]} px, and ${stride} is missing. Choose others with --features.`,
        { features: featuresOf(params) },
      )
    }
    const pyramid = nn.scope('neck', () => {
      const lateral = (name: string, map: Value) => nn.convBnSilu(name, map, WIDTH, 1)
      const p5 = lateral('lateral5', at(32))
      const p4 = add(lateral('lateral4', at(16)), upsample(p5, 2))
      const p3 = add(lateral('lateral3', at(8)), upsample(p4, 2))
      return { p3, p4, p5 }
    })
    return decoupledHead(nn, pyramid, WIDTH, classes, spatialConv(nn, true))
  },
  output: decodeOutput,
  examples: [],
})
