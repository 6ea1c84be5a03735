/** Brings the file of an imported network to where models are built from: `runs/<id>/network.onnx`, or the file itself. */
import { copyFile, mkdir } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { hasNetwork, provideNetwork } from '@shared/catalog/imported/networks'
import { models } from '@shared/catalog/models'
import { readOnnx } from './start-weights'

/**
 * Does nothing for models of the catalog. @param runDir whose own copy goes first; null where there is no run.
 * @throws `bad-recipe` without a file, `not-found`, `bad-model`, `missing-external-data`.
 */
export async function openNetwork(
  { id, params }: { id: string; params: Record<string, unknown> },
  runDir: string | null,
): Promise<void> {
  if (!models.get(id).needsFile) return
  const { file } = params
  if (typeof file !== 'string')
    throw new TagwrightError(
      'bad-recipe',
      `The model "${id}" needs a file. Name it with --model <file.onnx>, or as model.params.file.`,
    )
  if (hasNetwork(file)) return
  const own = runDir === null ? null : join(runDir, 'network.onnx')
  provideNetwork(file, await readOnnx(own && existsSync(own) ? own : file))
}

/** Keeps the network with the run, so that the run needs no other file. */
export async function keepNetwork(file: string, runDir: string): Promise<void> {
  const own = join(runDir, 'network.onnx')
  if (existsSync(own)) return
  await mkdir(runDir, { recursive: true })
  await copyFile(file, own)
}
