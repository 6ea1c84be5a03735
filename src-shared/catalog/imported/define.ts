/** What models on an imported network share: their parameters, and how open ones are filled in. */
import { z } from 'zod'
import { imageNetInput } from '../classifier-signature'
import { describeDetector, readInput } from '../detector-signatures'
import { type ModelInput, modelInputSchema } from '../../domain/model-input'
import type { OnnxModel } from '../../engine/onnx/decode'
import type { ModelDef } from '../models/define'
import { trunkTensors, valueName, weightsBefore } from './graft'
import { networkOf } from './networks'
import { featureCandidates, suggestFeatures } from './suggest-features'

export const importedParams = z.strictObject({
  /** Path of the ONNX file. */
  file: z.string(),
  /** Values or nodes of the file that the head stands on; 'auto' suggests them. */
  features: z.union([z.literal('auto'), z.array(z.string()).min(1)]).default('auto'),
  /** How the network wants its pixels; by default what the file says, else what networks trained on ImageNet expect. */
  input: modelInputSchema.optional(),
})
export type ImportedParams = z.infer<typeof importedParams>

/** Where weights are listed, which no size changes. */
const SIDE = 224

export const featuresOf = (params: Record<string, unknown>): string[] => params.features as string[]

/** @param strides of the feature maps that the head stands on; null: the coarsest. */
export function importedModel(
  strides: readonly number[] | null,
): Pick<ModelDef, 'input' | 'params' | 'needsFile' | 'resolve' | 'complete' | 'initial' | 'before'> {
  return {
    input: imageNetInput,
    params: importedParams,
    needsFile: true,
    resolve: ({ file, input }) => ({
      title: `A new head on ${String(file).split(/[\\/]/).at(-1)}`,
      ...(input ? { input: input as ModelInput } : {}),
    }),
    complete(given, side) {
      const params = importedParams.parse(given)
      const network = networkOf(params)
      const features =
        params.features === 'auto'
          ? suggestFeatures(featureCandidates(network, side), strides)
          : params.features.map((name) => valueName(network, name))
      return { ...params, features, input: params.input ?? pixelsOf(network, params.file) }
    },
    initial: (params) => trunkTensors(networkOf(params), featuresOf(params), SIDE),
    before: (node, params) => weightsBefore(networkOf(params), node, featuresOf(params), SIDE),
  }
}

function pixelsOf({ info }: OnnxModel, file: string): ModelInput {
  const stated = readInput(info.metadata.get('input'))
  if (stated) return stated
  try {
    return describeDetector(info, { file }).pixels
  } catch {
    return imageNetInput
  }
}
