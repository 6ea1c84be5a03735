/** Imported networks by the path of their file: put in by whoever reads files, before a model is built from one. */
import { TagwrightError } from '../../base/errors'
import type { OnnxModel } from '../../engine/onnx/decode'

const networks = new Map<string, OnnxModel>()

export const hasNetwork = (file: string): boolean => networks.has(file)

export function provideNetwork(file: string, network: OnnxModel): void {
  networks.set(file, network)
}

/** @throws `not-found` when nobody has read the file. */
export function networkOf(params: Record<string, unknown>): OnnxModel {
  const network = networks.get(String(params.file))
  if (network) return network
  throw new TagwrightError(
    'not-found',
    `The network ${String(params.file)} was not read. Check the path of the file.`,
    {
      file: params.file,
    },
  )
}
