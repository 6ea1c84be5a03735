import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rng } from '@shared/base/rng'
import { TagwrightError } from '@shared/base/errors'
import { lineChart } from '@shared/plots/line-chart'
import { svg } from '@shared/plots/svg'
import { readOption } from '../bench/context'
import { findOutside } from '../helpers/find-outside'
import { runCli } from '../helpers/run-cli'
import type { Campaign } from './campaign'

interface Point {
  /** Since the command was started: reading weights, computing features and evaluating count. */
  seconds: number
  epoch: number
  top1: number
  top5: number
}
interface Part {
  points: Point[]
  /** Best score reached by then; null: no epoch was evaluated. */
  after: Record<string, Point | null>
  best: Point
  seconds: number
  /** The run ended by itself, not at the limit. */
  finished: boolean
  epochs: { planned: number; done: number }
  size: number
  /** Of epochs: the slowest (decoding, features), the median and the fastest (kept features alone). */
  imagesPerSecond: { slowest: number; median: number; fastest: number }
  test: { top1: number; top5: number } | null
}

const parts: Record<string, { color: string; title: string; options(onnx: string): string[] }> = {
  'nano-frozen': {
    color: '#0ca678',
    title: 'YOLOX-nano, frozen',
    options: (onnx) => ['--weights', join(onnx, 'yolox_nano.onnx'), '--freeze', 'backbone'],
  },
  'nano-full': {
    color: '#96f2d7',
    title: 'YOLOX-nano, all',
    options: (onnx) => ['--weights', join(onnx, 'yolox_nano.onnx')],
  },
  'mobilenet-frozen': {
    color: '#3b5bdb',
    title: 'MobileNetV2, frozen',
    options: (onnx) => ['--model', join(onnx, 'mobilenetv2_int8.onnx'), '--freeze', 'trunk'],
  },
  'mobilenet-full': {
    color: '#91a7ff',
    title: 'MobileNetV2, all',
    options: (onnx) => ['--model', join(onnx, 'mobilenetv2_int8.onnx')],
  },
}
/** Images of each class that are taken out of the folder `train` for the test at the end. */
const TEST = 6
const marks = [30, 60, 120, 240]

/**
 * Top-1 on val against wall time. Options: --parts <id,id>; --limit <seconds> of one part (default 240: then it is
 * stopped as by Ctrl-C); --set "<key=value> ..." for all parts; --no-test leaves the test images alone.
 */
export const campaign: Campaign = {
  title: 'plant-seedlings: top-1 on val against wall time, from two trunks, frozen and all layers',
  seed: 0,
  recipe: {
    trunks: "YOLOX-nano's backbone (yolox_nano.onnx), MobileNetV2 de-quantised (mobilenetv2_int8.onnx)",
    data: `train 288 images, val 120 (the folder validation), test ${12 * TEST} (${TEST} of each class of the folder train, drawn by the seed) once at the end`,
    values: 'all auto',
  },
  async run({ root, args, seed, log, record }) {
    const data = findOutside('data', root)
    if (!('path' in data)) throw new TagwrightError('not-found', `plant-seedlings is not here: ${data.reason}.`)
    const kinds = readOption(args, 'parts', Object.keys(parts).join(',')).split(',')
    const limit = Number(readOption(args, 'limit', '240'))
    const set = readOption(args, 'set', '').split(' ').filter(Boolean)
    const folder = mkdtempSync(join(tmpdir(), 'tagwright-classify-'))
    const project = join(folder, 'project')
    const cli = async (...words: string[]) => {
      const { code, stdout, stderr } = await runCli([...words, '--json'])
      if (code !== 0) throw new TagwrightError('failed', `tagwright ${words[0]} ended with ${code}: ${stdout}${stderr}`)
      return JSON.parse(stdout)
    }
    const figures: Record<string, Part> = {}
    try {
      divide(join(data.path, 'classify/plant-seedlings'), folder, seed)
      await cli('init', project, '--task', 'classify')
      for (const split of ['train', 'val', 'test']) await cli('import', project, join(folder, split), '--split', split)
      for (const [i, kind] of kinds.entries()) {
        const { title, options } = parts[kind]
        log(title)
        const words = ['train', project, ...options(join(data.path, 'onnx')), '--name', kind, '--seed', `${seed}`]
        const { points, seconds, finished } = await timed([...words, ...(set.length ? ['--set', ...set] : [])], limit, log) // prettier-ignore
        const best = bestOf(points, Infinity)
        if (!best) throw new TagwrightError('failed', `No epoch of "${kind}" was evaluated within ${limit} s.`)
        const run = join(project, 'runs', `r${i + 1}`)
        const { epochs, input } = JSON.parse(readFileSync(join(run, 'recipe.json'), 'utf8'))
        const test = args.includes('--no-test')
          ? null
          : await cli('eval', project, '--run', kind, '--split', 'test').then(({ classification }) => ({ top1: classification.top1, top5: classification.top5 })) // prettier-ignore
        figures[kind] = {
          points,
          after: Object.fromEntries(marks.map((mark) => [`${mark} s`, bestOf(points, mark)])),
          best,
          seconds,
          finished,
          epochs: { planned: epochs, done: points.at(-1)!.epoch },
          size: input.size,
          imagesPerSecond: readSpeed(join(run, 'results.csv')),
          test,
        }
        record(figures)
        drawCurves(join(root, 'docs/images/classify-time.svg'), figures)
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    return figures
  },
}

/** Folders `train`, `val` and `test` with one folder a class. */
function divide(source: string, out: string, seed: number): void {
  cpSync(join(source, 'validation'), join(out, 'val'), { recursive: true })
  for (const label of readdirSync(join(source, 'train'))) {
    const files = rng(seed, 'classify-time', label).shuffle(readdirSync(join(source, 'train', label)).sort())
    for (const [i, file] of files.entries())
      cpSync(join(source, 'train', label, file), join(out, i < TEST ? 'test' : 'train', label, file))
  }
}

const bestOf = (points: readonly Point[], until: number): Point | null =>
  points
    .filter(({ seconds }) => seconds <= until)
    .reduce<Point | null>((top, one) => (top === null || one.top1 > top.top1 ? one : top), null)

/** Trains as a person would and notes when each epoch's score appears. */
async function timed(words: string[], limit: number, log: (text: string) => void) {
  const points: Point[] = []
  const started = performance.now()
  const elapsed = () => (performance.now() - started) / 1000
  let seen = 0
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  const { code, stderr } = await runCli([...words, '--json'], {
    onStderr(text, kill) {
      const lines = [...text.matchAll(/^epoch (\d+): top-1 ([\d.]+)\s+top-5 ([\d.]+)$/gm)]
      for (const [line, epoch, top1, top5] of lines.slice(seen)) {
        log(`${elapsed().toFixed(0)} s, ${line}`)
        points.push({ seconds: elapsed(), epoch: Number(epoch), top1: Number(top1), top5: Number(top5) })
      }
      seen = lines.length
      timer ??= setTimeout(
        () => {
          stopped = true
          kill('SIGINT')
        },
        1000 * limit - 1000 * elapsed(),
      )
    },
  })
  clearTimeout(timer)
  if (code !== 0 && !stopped) throw new TagwrightError('failed', `tagwright train ended with ${code}: ${stderr}`)
  return { points, seconds: elapsed(), finished: !stopped }
}

function readSpeed(file: string): Part['imagesPerSecond'] {
  const [head, ...rows] = readFileSync(file, 'utf8').trim().split('\n').map((line) => line.split(',')) // prettier-ignore
  const column = head.findIndex((name) => name.trim() === 'system/imagesPerSecond')
  const speeds = rows.map((row) => Number(row[column])).sort((a, b) => a - b)
  return { slowest: speeds[0], median: speeds[speeds.length >> 1], fastest: speeds.at(-1)! }
}

function drawCurves(file: string, figures: Record<string, Part>): void {
  const picture = lineChart({
    title: 'Top-1 on val against wall time',
    xLabel: 'seconds',
    yLabel: 'top-1',
    series: Object.entries(figures).map(([kind, { points }]) => ({
      name: parts[kind].title,
      color: parts[kind].color,
      x: points.map((one) => one.seconds),
      y: points.map((one) => one.top1),
    })),
  })
  writeFileSync(file, svg(picture))
}
