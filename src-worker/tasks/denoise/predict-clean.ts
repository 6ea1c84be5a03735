/** The worker's `predict` for denoisers: clean images of files, as PNG with as many bits; camera DNG as DNG. */
import { readFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import type { z } from 'zod'
import { TagwrightError, toErrorShape } from '@shared/base/errors'
import type { workerContract } from '@shared/contract/worker'
import { denoiseDngFile, isDngFile } from '../../data/dng-file'
import { readPlanes, toPlanarImage, writePlanes } from '../../data/planes'
import type { WorkerTask } from '../worker-task'
import { openDenoiser } from './denoiser'

type Output = z.input<(typeof workerContract)['methods']['predict']['output']>

export const predictClean: WorkerTask['predict'] = async (input, report, signal): Promise<Output> => {
  const started = performance.now()
  const { images, model, provider, restore, conf, iou, maxDet } = input
  if (!restore)
    throw new TagwrightError('bad-option', 'A denoiser makes images. Say where they go: tagwright denoise ... --out folder.') // prettier-ignore
  report.progress('opening the model', 0, null)
  const denoiser = await openDenoiser(model, provider)
  const failed: Output['failed'] = []
  const names = new Set<string>()
  let made = 0
  try {
    report.classes([])
    for (const { id, file } of images) {
      signal?.throwIfAborted()
      try {
        if (isDngFile(await readFile(file).catch(() => Buffer.alloc(0)))) {
          const levels = { ...(restore.black === null ? {} : { black: restore.black }), ...(restore.white === null ? {} : { white: restore.white }) } // prettier-ignore
          const out = join(restore.out, freeName(file, names, '.dng'))
          const size = await denoiseDngFile(file, out, (planes) => denoiser.denoise(planes), levels)
          report.detections({ image: id, ...size, detections: [], made: out })
          made++
          continue
        }
        const stored = await readPlanes(file, restore)
        const clean = await denoiser.denoise(toPlanarImage(stored))
        const bits = stored.data instanceof Uint16Array ? 16 : 8
        const out = join(restore.out, freeName(file, names))
        await writePlanes(out, clean, { ...stored, bits })
        report.detections({ image: id, width: stored.width, height: stored.height, detections: [], made: out })
        made++
      } catch (error) {
        if (signal?.aborted) throw error
        const { code, message } = toErrorShape(error)
        // What is wrong with every file ends the work.
        if (code === 'bad-option' || code === 'out-of-memory' || code === 'unknown-model') throw error
        const told = message.includes(basename(file)) ? message : `${basename(file)}: ${message}`
        failed.push({ id, file, message: told })
        report.log('warning', told)
      }
      report.progress('denoising', made + failed.length, images.length)
    }
  } finally {
    await denoiser.close()
  }
  return {
    task: 'denoise',
    images: made,
    detections: 0,
    failed,
    labels: [],
    seconds: (performance.now() - started) / 1000,
    thresholds: { conf, iou, maxDet },
  }
}

/** Two images of one name in different folders get different files. */
function freeName(file: string, taken: Set<string>, ending = '.png'): string {
  const stem = basename(file, extname(file))
  let name = `${stem}${ending}`
  for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${stem}-${n}${ending}`
  taken.add(name.toLowerCase())
  return name
}
