import { existsSync, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { describeDetector } from '@shared/catalog/detector-signatures'
import { nodeSnippet, pythonSnippet } from '@shared/catalog/detector-snippet'
import { predictThresholds } from '@shared/contract/worker'
import { decodeOnnxInfo } from '@shared/engine/onnx/decode-info'

/** Throws `not-found`, and what reading a file throws that is no detector. */
export function snippets(path: string): { node: string; python: string } {
  const file = resolve(path)
  if (!existsSync(file)) {
    throw new TagwrightError('not-found', `The model file ${file} does not exist. Export the run first.`, { file })
  }
  const spec = describeDetector(decodeOnnxInfo(readFileSync(file)), { file: basename(file), batch: 1 })
  const names = spec.names ?? Array.from({ length: spec.classes ?? 0 }, (_, i) => `class ${i}`)
  const { conf, iou } = predictThresholds
  const options = { file: basename(file), spec, names, conf, iou }
  return { node: nodeSnippet(options), python: pythonSnippet(options) }
}
