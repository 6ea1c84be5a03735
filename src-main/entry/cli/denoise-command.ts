/** denoise: clean images of files, of folders of files, or of a part of a project. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { TagwrightError } from '@shared/base/errors'
import { denoisers } from '@shared/catalog/denoisers'
import type { ModelSource, PredictResult } from '@shared/contract/runs'
import { predictThresholds } from '@shared/contract/inference'
import { providerSchema } from '@shared/domain/recipe'
import { listImages } from '../../media/list-images'
import { withoutProject, withProject, type Api, type CliContext } from './context'
import { defineCommand, number, oneOf } from './define-command'
import { followJob } from './follow-job'
import { plural } from './text'

interface DenoiseOptions {
  run?: string
  checkpoint: 'best' | 'last'
  model?: string
  method?: string
  sigma?: number
  project?: string
  out: string
  black?: number
  white?: number
  provider: 'auto'
}

export const denoiseCommand = (cli: CliContext): Command =>
  defineCommand('denoise <file...> (--run <run> --project <project> | --model <file> | --method <id> --sigma <n>) --out <folder>', 'Remove noise from images.', [
    'denoise night.png --model night.onnx --out clean',
    'denoise photos --project night --run latest --out clean',
    'denoise photos/*.dng --method bm3d --sigma 8 --out clean',
    'denoise scans/*.png --model scans.onnx --out clean --black 1024 --white 16383',
  ]) // prettier-ignore
    .argument('<files...>', 'image files, or folders with image files')
    .option('--run <run>', 'a run: id, name, or latest')
    .option('--checkpoint <which>', 'of the run: best or last', oneOf('best', 'last'), 'best')
    .option('--model <file.onnx>', 'a denoiser as ONNX file')
    .option('--method <id>', `without training: ${denoisers.ids.join(', ')}`, oneOf(...(denoisers.ids as [string])))
    .option('--sigma <n>', 'of --method: standard deviation of the noise, white is 255', number(0, 255))
    .option('--project <project>', 'project folder of the run')
    .requiredOption('--out <folder>', 'where clean images go, as PNG of as many bits; camera DNG stay DNG')
    .option('--black <n>', 'stored number that means black (default: 0; DNG: what the file says)', number(0, 65535))
    .option(
      '--white <n>',
      'stored number that means white (default: 255, or 65535 for 16 bits; DNG: what the file says)',
      number(1, 65535),
    )
    .option('--provider <id>', providerSchema.options.join(', '), oneOf(...providerSchema.options), 'auto')
    .action(async (given: string[], options: DenoiseOptions, command: Command) => {
      const source = modelOf(options)
      const files = given.flatMap(listImages)
      const out = resolve(options.out)
      const work = (api: Api) =>
        followJob<PredictResult>(cli, api, () =>
          api.runs.predict({
            source,
            images: { files },
            restore: { out, black: options.black ?? null, white: options.white ?? null },
            ...predictThresholds,
            slice: null,
            classMap: null,
            provider: options.provider,
          }),
        )
      const result = options.project ? await withProject(cli, options.project, work) : await withoutProject(cli, work)
      const { images, failed, seconds } = result
      cli.answer(command, { images, failed, seconds, out }, () => [
        `${plural(images, 'image')} denoised in ${seconds.toFixed(1)} s.`,
        `Written: ${out}`,
      ])
      if (failed.length > 0 && images === 0) process.exitCode = 1
    })

function modelOf({ run, model, method, sigma, checkpoint, project }: DenoiseOptions): ModelSource {
  if (method !== undefined && run === undefined && model === undefined) {
    if (sigma === undefined)
      throw new TagwrightError('usage', `${method} must know how strong the noise is. Give its deviation with --sigma, white being 255.`) // prettier-ignore
    return { kind: 'method', id: method, sigma }
  }
  if (method !== undefined || (run === undefined) === (model === undefined))
    throw new TagwrightError(
      'usage',
      'denoise needs one of: --run <run> with --project, --model <file.onnx>, --method <id> with --sigma.',
    )
  if (model !== undefined) return { kind: 'onnx', file: resolve(model) }
  if (project === undefined)
    throw new TagwrightError('usage', 'A run belongs to a project. Name it with --project, or use --model <file.onnx>.')
  return { kind: 'run', run: run!, checkpoint }
}
