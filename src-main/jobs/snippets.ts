import { existsSync, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { z } from 'zod'
import { TagwrightError } from '@shared/base/errors'
import { nodeDenoiser, pythonDenoiser } from '@shared/catalog/denoiser-snippet'
import { describeDetector } from '@shared/catalog/detector-signatures'
import { nodeSnippet, pythonSnippet } from '@shared/catalog/detector-snippet'
import { predictThresholds } from '@shared/contract/inference'
import { decodeOnnxInfo, type OnnxInfo } from '@shared/engine/onnx/decode-info'

export interface Programs {
  node: string
  python: string
  /** Name of their files, without its ending. */
  name: 'detect' | 'denoise'
}

/** Throws `not-found`, and what reading a file throws that is no detector and no denoiser exported here. */
export function snippets(path: string): Programs {
  const file = resolve(path)
  if (!existsSync(file)) {
    throw new TagwrightError('not-found', `The model file ${file} does not exist. Export the run first.`, { file })
  }
  const info = decodeOnnxInfo(readFileSync(file))
  return info.metadata.get('task') === 'denoise' ? ofDenoiser(info, basename(file)) : ofDetector(info, basename(file))
}

function ofDetector(info: OnnxInfo, file: string): Programs {
  const spec = describeDetector(info, { file, batch: 1 })
  const names = spec.names ?? Array.from({ length: spec.classes ?? 0 }, (_, i) => `class ${i}`)
  const { conf, iou } = predictThresholds
  const options = { file, spec, names, conf, iou }
  return { node: nodeSnippet(options), python: pythonSnippet(options), name: 'detect' }
}

const size = z.coerce.number().int()
const metadataSchema = z.object({
  channels: size.positive(),
  tile: size.positive(),
  unit: size.positive(),
  margin: size.min(0),
  blend: size.min(0),
})

function ofDenoiser({ inputs, outputs, metadata }: OnnxInfo, file: string): Programs {
  const told = metadataSchema.safeParse(Object.fromEntries(metadata))
  if (!told.success || inputs.length !== 1 || outputs.length !== 1) {
    throw new TagwrightError(
      'not-available',
      `Programs are written for files exported here; ${file} does not say how images are cut for it.`,
    )
  }
  const { channels, ...tiling } = told.data
  const fixed = typeof inputs[0].shape?.[2] === 'number'
  const options = { file, input: inputs[0].name, output: outputs[0].name, channels, tiling, fixed }
  return { node: nodeDenoiser(options), python: pythonDenoiser(options), name: 'denoise' }
}
