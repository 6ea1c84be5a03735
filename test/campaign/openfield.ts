import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { rng } from '@shared/base/rng'
import { TagwrightError } from '@shared/base/errors'
import type { PoseEvaluation } from '@shared/evaluation/evaluate-pose'
import { readOption } from '../bench/context'
import { findOutside } from '../helpers/find-outside'
import { runCli } from '../helpers/run-cli'
import type { Campaign } from './campaign'

/**
 * Options: --models <id,id>, each trained on the same frames with the same seed, --weights none, --epochs <n>, --size <px>, --limit <seconds> (then
 * it is stopped as by Ctrl-C), --set "<key=value> ...".
 */
export const campaign: Campaign = {
  title: 'openfield: points of a mouse from 93 labelled frames, errors on the other 23',
  seed: 0,
  recipe: { weights: 'yolox_nano.onnx (COCO boxes)', values: 'all others auto', split: '80 % of the labelled frames, drawn by the seed' }, // prettier-ignore
  async run({ root, args, seed, log, record }) {
    const data = findOutside('data', root)
    if (!('path' in data)) throw new TagwrightError('not-found', `openfield is not here: ${data.reason}.`)
    const figures: Record<string, unknown> = {}
    for (const model of readOption(args, 'models', 'yolox-pose-nano').split(',')) {
      log(model)
      figures[model] = await trainModel(model, data.path, { args, seed, log })
      record(figures)
    }
    return figures
  },
}

async function trainModel(
  model: string,
  data: string,
  { args, seed, log }: { args: string[]; seed: number; log(text: string): void },
) {
  const epochs = readOption(args, 'epochs', '')
  const size = readOption(args, 'size', '320')
  const limit = Number(readOption(args, 'limit', '900'))
  const set = readOption(args, 'set', '').split(' ').filter(Boolean)
  const folder = mkdtempSync(join(tmpdir(), 'tagwright-openfield-'))
  const project = join(folder, 'project')
  const json = async (...words: string[]) => {
    const { code, stdout, stderr } = await runCli([...words, '--json'])
    if (code !== 0) throw new TagwrightError('failed', `tagwright ${words[0]} ended with ${code}: ${stdout}${stderr}`)
    return JSON.parse(stdout)
  }
  try {
    const parts = splitFrames(join(data, 'pose/openfield'), folder, seed)
    await json('init', project, '--task', 'pose')
    for (const split of ['train', 'val'] as const) await json('import', project, join(folder, split), '--split', split)
    const started = performance.now()
    log(`training on ${parts.train} frames`)
    const isScratch = readOption(args, 'weights', '') === 'none'
    const weights = isScratch ? [] : ['--weights', join(data, 'onnx/yolox_nano.onnx')]
    const options = ['--model', model, '--size', size, '--seed', `${seed}`, ...(epochs ? ['--epochs', epochs] : [])]
    const values = ['--set', 'data.evalEvery=5', ...set]
    let stopped = false
    const { code, stdout, stderr } = await runCli(['train', project, ...weights, ...options, ...values, '--json'], {
      onStderr(_, kill) {
        if (stopped || performance.now() - started < limit * 1000) return
        stopped = true
        kill('SIGINT')
      },
    })
    if (code !== 0 && !stopped) throw new TagwrightError('failed', `Training ended with ${code}: ${stdout}${stderr}`)
    const trainSeconds = (performance.now() - started) / 1000
    log('evaluating')
    const result = await json('eval', project, '--run', 'latest', '--split', 'val')
    const seconds = (performance.now() - started) / 1000
    const { mean, median, p95, pck, points, found, objects } = result.report as PoseEvaluation
    return {
      epochs: JSON.parse(readFileSync(join(project, 'runs', 'r1', 'recipe.json'), 'utf8')).epochs,
      size: Number(size),
      frames: parts,
      stopped,
      trainSeconds,
      seconds,
      found: `${found} of ${objects}`,
      mean,
      median,
      p95,
      pck10px: pck.find(({ unit, threshold }) => unit === 'px' && threshold === 10)!.value,
      AP: result.coco.AP,
      points: points.map(({ point, mean, median, p95 }) => ({ point, mean, median, p95 })),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Width and height stand at byte 16 of a PNG. */
const pngSize = (bytes: Buffer) => ({ width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) })

/** Frames and DeepLabCut's CSV as two folders with COCO keypoints, `train` and `val`. */
function splitFrames(source: string, out: string, seed: number): { train: number; val: number } {
  const csv = readdirSync(source, { recursive: true, encoding: 'utf8' }).find((file) => file.endsWith('.csv'))!
  const rows = readFileSync(join(source, csv), 'utf8').trim().split(/\r?\n/).map((line) => line.split(',')) // prettier-ignore
  const names = rows[1].slice(1).filter((_, i) => i % 2 === 0)
  const frames = join(source, csv, '..')
  const labelled = rng(seed, 'openfield').shuffle(rows.slice(3))
  const count = Math.round(0.8 * labelled.length)
  const parts = { train: labelled.slice(0, count), val: labelled.slice(count) }
  for (const [split, list] of Object.entries(parts)) {
    mkdirSync(join(out, split))
    const images: object[] = []
    const annotations: object[] = []
    for (const [i, [path, ...numbers]] of list.entries()) {
      const name = basename(path)
      const file = join(frames, name)
      copyFileSync(file, join(out, split, name))
      const { width, height } = pngSize(readFileSync(file))
      images.push({ id: i + 1, file_name: name, width, height })
      const keypoints = names.flatMap((_, k) => {
        const [x, y] = numbers.slice(2 * k, 2 * k + 2)
        return x && y ? [Number(x), Number(y), 2] : [0, 0, 0]
      })
      annotations.push({ id: i + 1, image_id: i + 1, category_id: 1, keypoints, iscrowd: 0 })
    }
    const categories = [{ id: 1, name: 'mouse', keypoints: names, skeleton: [[1, 2], [1, 3], [2, 4], [3, 4]] }] // prettier-ignore
    writeFileSync(join(out, split, 'annotations.json'), JSON.stringify({ images, annotations, categories }))
  }
  return { train: parts.train.length, val: parts.val.length }
}
