import type { Value } from '../../engine/graph'
import { concat, reduceMean, softmax } from '../../engine/ops'
import { featuresOf, importedModel } from '../imported/define'
import { graft } from '../imported/graft'
import { networkOf } from '../imported/networks'
import { linearHead } from './classifier-head'
import { defineModel } from './define'

/** Any network from an ONNX file under a new last layer: transfer learning as in Yosinski et al. 2014, arXiv:1411.1792. */
export default defineModel<Value>({
  ...importedModel(null),
  title: 'Any ONNX network with a new classifier',
  task: 'classify',
  source: 'Yosinski et al. 2014, arXiv:1411.1792',
  stride: 32,
  learningRate: 2e-3,
  build(nn, images, { classes, params }) {
    const means = graft(nn, images, networkOf(params), featuresOf(params)).map((feature) =>
      // Maps [N, C, H, W] and token lists [N, T, C] are averaged over their places.
      feature.shape.length === 4
        ? reduceMean(feature, [2, 3])
        : feature.shape.length === 3
          ? reduceMean(feature, [1])
          : feature,
    )
    return linearHead(nn, means.length > 1 ? concat(means, 1) : means[0], classes)
  },
  output: (logits) => softmax(logits, 1),
  examples: [],
})
