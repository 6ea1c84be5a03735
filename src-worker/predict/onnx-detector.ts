/** A detector from any ONNX file: inspected first, opened by the runtime only when it is understood. */
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, normalize } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { describeDetector } from '@shared/catalog/detector-signatures'
import type { ModelInput } from '@shared/domain/model-input'
import type { Provider } from '@shared/domain/recipe'
import { decodeOnnxInfo, type OnnxInfo } from '@shared/engine/onnx/decode-info'
import { resolveProvider } from '../runtime/auto-provider'
import { openSession } from '../runtime/session'
import { createDetector, type Detector } from './detector'

/** A protobuf message cannot be larger. */
const MAX_BYTES = 2 ** 31 - 1

/**
 * Reads what a file says about itself.
 * @throws `not-found`, `bad-model`, `missing-external-data`.
 */
export async function inspectOnnx(file: string): Promise<OnnxInfo> {
  const { size } = await entry(file)
  if (size > MAX_BYTES) throw badModel(file, `it has ${size} bytes, and ONNX files have at most 2 GB`)
  let info: OnnxInfo
  try {
    info = decodeOnnxInfo(await readFile(file))
  } catch (cause) {
    const reason = cause instanceof TagwrightError ? cause.details?.reason : null
    throw badModel(file, String(reason ?? (cause as Error).message), cause)
  }
  for (const location of info.externalFiles) await checkExternal(file, location)
  return info
}

async function entry(file: string) {
  try {
    const found = await stat(file)
    if (!found.isFile()) throw badModel(file, 'it is not a file')
    return found
  } catch (cause) {
    if (cause instanceof TagwrightError) throw cause
    throw new TagwrightError(
      'not-found',
      `The model file ${file} cannot be read (${(cause as NodeJS.ErrnoException).code}). Check the path.`,
      { file },
      { cause },
    )
  }
}

const badModel = (file: string, reason: string, cause?: unknown): TagwrightError =>
  new TagwrightError(
    'bad-model',
    `${file} is not a usable ONNX model: ${reason}. Export the model again.`,
    { file, reason },
    { cause },
  )

/** Weights may lie in a second file of the same folder, never elsewhere. */
async function checkExternal(file: string, location: string): Promise<void> {
  const path = normalize(location)
  if (location === '' || isAbsolute(path) || path.startsWith('..')) {
    throw badModel(file, `it wants weights from "${location.slice(0, 200)}", which is outside of its folder`)
  }
  const beside = join(dirname(file), path)
  const there = await stat(beside).catch(() => null)
  if (there?.isFile()) return
  throw new TagwrightError(
    'missing-external-data',
    `${basename(file)} keeps its weights in "${location.slice(0, 200)}", which is not beside it. Put that file into ${dirname(file)}, or export the model into one file.`,
    { file, missing: beside },
  )
}

export interface OnnxDetectorOptions {
  /** Overrides what the file says about its pixels. */
  pixels?: ModelInput
  /** Images per run where the file leaves it open. */
  batch: number
  provider: Provider
  threads?: number
}

/** @throws as {@link inspectOnnx}, and `unknown-model`, `input-needed`, `provider-unavailable`, `out-of-memory`. */
export async function openOnnxDetector(file: string, options: OnnxDetectorOptions): Promise<Detector> {
  const { pixels, batch, threads } = options
  const info = await inspectOnnx(file)
  const spec = describeDetector(info, { file, batch, ...(pixels ? { pixels } : {}) })
  const provider = await resolveProvider(options.provider)
  const session = await openSession(file, { provider, placement: 'any', ...(threads ? { threads } : {}) })
  return createDetector(session, spec)
}
