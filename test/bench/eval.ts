import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { TagwrightError } from '@shared/base/errors'
import { rng, type Rng } from '@shared/base/rng'
import { evaluateCoco } from '@shared/evaluation/evaluate-coco'
import { readCocoResults } from '@shared/evaluation/eval-coco-files'
import { loadCocoGroundTruth } from '@shared/evaluation/load-coco'
import { findOutside } from '../helpers/find-outside'
import { comparable, runPycocotools, type PycocotoolsResult } from '../helpers/pycocotools'
import { describeLoad, describeMachine, median, readOption, type BenchContext } from './context'

interface Sizes {
  images: number
  categories: number
  groundTruths: number
  detections: number
}

/** What one process measured on the two files. */
interface Measured {
  /** Reading and parsing both files, columns filled. */
  loadSeconds: number
  /** Matching, accumulation and summary. */
  evaluateSeconds: number
  /** Processor time of both, all threads: says more than the clock on a busy machine. */
  cpuSeconds: number
  /** Largest resident memory of the process, bytes. */
  maxRss: number
  stats: number[]
  /** For the same numpy as the reference, when there is one. */
  compared: ReturnType<typeof comparable> | null
}

const round = (value: number, digits: number) => Number(value.toFixed(digits))

/** A seeded detector's output: a third of the detections near a ground truth, most of those with the right class. */
function writeFiles(folder: string, { images, categories, groundTruths, detections }: Sizes): [string, string] {
  const random = rng(1)
  const boxes: { image: number; category: number; box: number[] }[] = []
  const annotations: string[] = []
  for (let id = 1; id <= groundTruths; id++) {
    const truth = { image: random.int(1, images), category: random.int(1, categories), box: randomBox(random) }
    const crowd = random.chance(0.01) ? 1 : 0
    boxes.push(truth)
    // COCO's area is that of the outline: a part of the box.
    const area = round(truth.box[2] * truth.box[3] * random.uniform(0.4, 0.9), 2)
    annotations.push(
      JSON.stringify({ id, image_id: truth.image, category_id: truth.category, bbox: truth.box, area, iscrowd: crowd }),
    )
  }
  const results: string[] = []
  for (let i = 0; i < detections; i++) {
    const near = i % 3 === 0
    const truth = near ? boxes[random.int(0, boxes.length - 1)] : undefined
    const box = truth ? jitter(random, truth.box) : randomBox(random)
    const category = truth && random.chance(0.85) ? truth.category : random.int(1, categories)
    // Three digits: thousands of equal scores, so that the order of ties matters.
    const score = round(near ? random.uniform(0.1, 1) : random.next() ** 2 * 0.8, 3)
    results.push(
      JSON.stringify({ image_id: truth?.image ?? random.int(1, images), category_id: category, bbox: box, score }),
    )
  }
  const list = (count: number, row: (id: number) => object) => Array.from({ length: count }, (_, i) => row(i + 1))
  const [gtFile, dtFile] = [join(folder, 'gt.json'), join(folder, 'dt.json')]
  writeFileSync(
    gtFile,
    `{"images":${JSON.stringify(list(images, (id) => ({ id, width: 640, height: 480, file_name: `${id}.jpg` })))},` +
      `"categories":${JSON.stringify(list(categories, (id) => ({ id, name: `class${id}` })))},` +
      `"annotations":[${annotations.join(',')}]}`,
  )
  writeFileSync(dtFile, `[${results.join(',')}]`)
  return [gtFile, dtFile]
}

function randomBox(random: Rng): number[] {
  const w = 8 * 50 ** random.next()
  const h = Math.min(8 * 50 ** random.next(), 470)
  return [random.uniform(0, 640 - w), random.uniform(0, 480 - h), w, h].map((value) => round(value, 2))
}

function jitter(random: Rng, [x, y, w, h]: number[]): number[] {
  const spread = random.uniform(0, 0.15)
  const moved = [x + random.normal() * spread * w, y + random.normal() * spread * h]
  const sized = [w * Math.exp(random.normal() * spread), h * Math.exp(random.normal() * spread)]
  return [...moved, ...sized].map((value) => round(value, 2))
}

/** Runs in a process of its own, so that memory is that of the evaluation alone. Prints {@link Measured}. */
export function measure(gtFile: string, dtFile: string, numpy: string): void {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const truth: unknown = JSON.parse(readFileSync(gtFile, 'utf8'))
  const gt = loadCocoGroundTruth(truth)
  const dt = readCocoResults(readFileSync(dtFile, 'utf8'), gt)
  const loaded = performance.now()
  const result = evaluateCoco({ gt, dt, iouType: 'bbox' })
  const done = performance.now()
  const { user, system } = process.cpuUsage(cpu)
  const measured: Measured = {
    loadSeconds: (loaded - start) / 1000,
    evaluateSeconds: (done - loaded) / 1000,
    cpuSeconds: (user + system) / 1e6,
    maxRss: process.resourceUsage().maxRSS * 1024,
    stats: result.stats,
    compared: numpy ? comparable(result, numpy) : null,
  }
  process.stdout.write(JSON.stringify(measured))
}

function measureInProcess(gtFile: string, dtFile: string, numpy: string): Measured {
  const self = pathToFileURL(fileURLToPath(import.meta.url)).href
  const call = `(await import(${JSON.stringify(self)})).measure(...${JSON.stringify([gtFile, dtFile, numpy])})`
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', call], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  return JSON.parse(out) as Measured
}

/**
 * `npm run bench:eval [-- --json --rounds 3 --detections 500000]`: the evaluator on a set of COCO val2017's size,
 * beside pycocotools where a Python has it; there every number must be the same.
 */
export function run({ root, args, json }: BenchContext): void {
  const say = (text: string) => (json ? process.stderr : process.stdout).write(`${text}\n`)
  const sizes: Sizes = {
    images: Number(readOption(args, 'images', '5000')),
    categories: Number(readOption(args, 'categories', '80')),
    groundTruths: Number(readOption(args, 'ground-truths', '36000')),
    detections: Number(readOption(args, 'detections', '500000')),
  }
  const rounds = Number(readOption(args, 'rounds', '3'))
  const folder = mkdtempSync(join(tmpdir(), 'tagwright-bench-eval-'))
  try {
    say(
      `${sizes.images} images, ${sizes.categories} classes, ${sizes.groundTruths} ground truths, ${sizes.detections} detections`,
    )
    const [gtFile, dtFile] = writeFiles(folder, sizes)
    const python = findOutside('pycocotools', root)
    let reference: PycocotoolsResult | null = null
    if ('path' in python) reference = runPycocotools(root, python.path, gtFile, dtFile, 'bbox')
    else say(`Without pycocotools: ${python.reason}.`)
    const runs = Array.from({ length: rounds }, () => measureInProcess(gtFile, dtFile, reference?.numpy ?? ''))
    const figures = {
      loadSeconds: median(runs.map((one) => one.loadSeconds)),
      evaluateSeconds: median(runs.map((one) => one.evaluateSeconds)),
      totalSeconds: median(runs.map((one) => one.loadSeconds + one.evaluateSeconds)),
      cpuSeconds: median(runs.map((one) => one.cpuSeconds)),
      maxRssBytes: Math.max(...runs.map((one) => one.maxRss)),
    }
    const equal = reference ? isEqual(runs[0].compared!, reference) : null
    const line = (name: string, load: number, evaluate: number, cpu: number, rss: number) =>
      say(
        `${name.padEnd(12)} load ${load.toFixed(2)} s + evaluate ${evaluate.toFixed(2)} s = ${(load + evaluate).toFixed(2)} s (${cpu.toFixed(2)} s of processor time), memory ${(rss / 2 ** 30).toFixed(2)} GiB`,
      )
    line('this', figures.loadSeconds, figures.evaluateSeconds, figures.cpuSeconds, figures.maxRssBytes)
    if (reference) {
      line('pycocotools', reference.loadSeconds, reference.evaluateSeconds, reference.cpuSeconds, reference.maxRss)
      say(`equal: precision, recall and scores bit by bit, all 12 numbers (numpy ${reference.numpy})`)
    }
    const load = describeLoad()
    if (load) say(load)
    if (json) {
      const report = {
        ...sizes,
        ...figures,
        stats: runs[0].stats,
        equal,
        pycocotools: reference,
        machine: describeMachine(),
      }
      process.stdout.write(`${JSON.stringify(report)}\n`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** True, or throws: figures of an evaluator whose numbers differ are worth nothing. */
function isEqual(ours: NonNullable<Measured['compared']>, reference: PycocotoolsResult): true {
  for (const name of ['precision', 'recall', 'scores'] as const) {
    if (ours.hashes[name] !== reference.hashes[name]) {
      throw new TagwrightError('not-equal', `The ${name} array differs from pycocotools.`, { name })
    }
  }
  reference.stats.forEach((value, i) => {
    if (Object.is(ours.stats[i], value)) return
    throw new TagwrightError('not-equal', `Number ${i} is ${ours.stats[i]}, pycocotools gives ${value}.`, { index: i })
  })
  return true
}
