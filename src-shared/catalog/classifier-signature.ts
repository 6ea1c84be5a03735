/** What a classifier file's input wants and what its output means. */
import { TagwrightError } from '../base/errors'
import type { ModelInput } from '../domain/model-input'
import type { OnnxInfo } from '../engine/onnx/decode-info'
import { type DetectorSpec, type SpecOptions, pictureInput, readInput, readNames } from './detector-signatures'

export interface ClassifierSpec {
  input: DetectorSpec['input']
  pixels: ModelInput
  /** Name of the output [N, classes]. */
  output: string
  classes: number | null
  names: string[] | null
}

/** What networks trained on ImageNet expect (torchvision). */
export const imageNetInput: ModelInput = {
  order: 'RGB',
  range: 1,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  pad: 114,
  align: 'center',
}

/** @throws `unknown-model` when it is no classifier, `input-needed` when only its pixels are unknown. */
export function describeClassifier(info: OnnxInfo, options: SpecOptions): ClassifierSpec {
  const { file } = options
  const output = info.outputs.find(({ shape }) => shape?.length === 2)
  if (!output)
    throw new TagwrightError(
      'unknown-model',
      `${file} cannot be used as a classifier: no output has the shape [images, classes]. Use a classifier's ONNX file.`,
      { file },
    )
  const pixels = options.pixels ?? readInput(info.metadata.get('input'))
  if (!pixels)
    throw new TagwrightError(
      'input-needed',
      `${file} does not say how its pixels must look. Tell it with --input (order, range, alignment), for example --input RGB,1,center.`,
      { file },
    )
  const names = readNames(info.metadata.get('names'))
  const last = output.shape!.at(-1)
  const classes = typeof last === 'number' ? last : (names?.length ?? null)
  return {
    input: pictureInput(info, { ...options, kind: 'classifier' }),
    pixels,
    output: output.name,
    classes,
    names: names && (classes === null || names.length === classes) ? names : null,
  }
}
