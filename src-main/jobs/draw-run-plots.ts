/** Draws the plots of a run into `runs/<id>/plots`: what people know from other trainers, in the product's own look. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { stringify as toYaml } from 'yaml'
import { z } from 'zod'
import { TagwrightError } from '@shared/base/errors'
import { labelColor } from '@shared/domain/label'
import { confidencePlot, confusionPlot, labelsPlot, prPlot, resultsPlot, tidePlot } from '@shared/plots/run-plots'
import { svg, type Picture } from '@shared/plots/svg'
import { drawBoxes, drawSheet, rasterize, rasterizeJpeg, type SmallBox } from '../media/draw-boxes'
import { listEvaluations } from '../store/evaluation'
import { openEvaluation, type OpenEvaluation } from '../store/open-evaluation'
import { getRun } from '../store/run'
import { sampleFile } from '../store/sample'
import { callWorker } from './call-worker'
import { defineJob, type JobContext } from './define-job'
import { needStore, type JobDeps } from './job-deps'

export interface DrawRunPlotsOptions {
  run: string
  evaluation: number
  signal: AbortSignal
  log: JobContext['log']
}

/** The plots again, e.g. after files were lost. Job result: {files}. */
export const drawPlotsJob = (deps: JobDeps) =>
  defineJob({
    kind: 'draw-plots',
    lane: 'worker',
    params: z.object({ run: z.string() }),
    async run({ run }, { signal, log, report }) {
      report('drawing', 0, null)
      const rows = listEvaluations(needStore(deps).db, run).filter((row) => row.detailed || row.iouType === 'class')
      const evaluation = rows.findLast((row) => row.final) ?? rows.at(-1)
      if (!evaluation) {
        throw new TagwrightError('no-evaluation', `Run ${run} was not evaluated yet. Evaluate it, then draw its plots.`)
      }
      return { files: await drawRunPlots(deps, { run, evaluation: evaluation.id, signal, log }) }
    },
  })

/** Images of a validation sheet, and how many sheets there are. */
const sheet = { columns: 4, images: 16, side: 320, count: 3 }

/** @returns the names of the files written. */
export async function drawRunPlots(
  deps: JobDeps,
  { run, evaluation: id, signal, log }: DrawRunPlotsOptions,
): Promise<string[]> {
  const store = needStore(deps)
  const runDir = join(store.folder, 'runs', run)
  const folder = join(runDir, 'plots')
  await mkdir(folder, { recursive: true })
  const files: string[] = []
  const write = async (name: string, data: Buffer | string) => {
    signal.throwIfAborted()
    await writeFile(join(folder, name), data)
    files.push(name)
  }
  const png = async (name: string, picture: Picture) => write(name, await rasterize(svg(picture)))

  await writeFile(join(runDir, 'args.yaml'), toYaml(getRun(store.db, run).recipe))
  const csv = join(runDir, 'results.csv')
  if (existsSync(csv)) await png('results.png', resultsPlot(csvColumns(await readFile(csv, 'utf8'))))
  const evaluation = openEvaluation(store, id)
  const { classification } = evaluation.result()
  if (classification) {
    await png('confusion_matrix.png', confusionPlot(classification.confusion, false))
    await png('confusion_matrix_normalized.png', confusionPlot(classification.confusion, true))
    await drawTrainBatches()
    return files
  }
  const analysis = evaluation.analysis()
  if (!analysis) return files
  const { curves, confusion, tide } = analysis
  await png('BoxPR_curve.png', prPlot(curves))
  await png('BoxF1_curve.png', confidencePlot(curves, 'f1'))
  await png('BoxP_curve.png', confidencePlot(curves, 'precision'))
  await png('BoxR_curve.png', confidencePlot(curves, 'recall'))
  await png('confusion_matrix.png', confusionPlot(confusion, false))
  await png('confusion_matrix_normalized.png', confusionPlot(confusion, true))
  await png('tide.png', tidePlot(tide))
  await write('labels.jpg', await rasterizeJpeg(svg(labelsPlot(evaluation.objects().set))))
  await drawSheets()
  await drawTrainBatches()
  return files

  async function drawTrainBatches(): Promise<void> {
    const snapshot = join(runDir, 'snapshot.jsonl.gz')
    if (!existsSync(snapshot)) return
    try {
      const { recipe } = getRun(store.db, run)
      const { images } = await callWorker({ ...deps, context: { signal, log, report: () => {} } }, (worker, call) =>
        worker.preview({ recipe, snapshot, out: folder, batches: sheet.count, batch: sheet.images }, call),
      )
      files.push(...images.map(({ file }) => basename(file)))
    } catch (error) {
      signal.throwIfAborted()
      log('warning', `The training batches could not be drawn: ${(error as Error).message}`)
    }
  }

  async function drawSheets(): Promise<void> {
    const { set } = evaluation.objects()
    const count = Math.min(sheet.count, Math.ceil(set.images.length / sheet.images))
    for (let batch = 0; batch < count; batch++) {
      const images = set.images.slice(batch * sheet.images, (batch + 1) * sheet.images)
      const pictures: Record<'labels' | 'pred', Buffer[]> = { labels: [], pred: [] }
      for (const [i, image] of images.entries()) {
        signal.throwIfAborted()
        const boxes = imageBoxes(evaluation, batch * sheet.images + i)
        try {
          const file = sampleFile(store.db, store.folder, image.sample)
          for (const kind of ['labels', 'pred'] as const) {
            const { width, height } = image
            pictures[kind].push(await drawBoxes(file, boxes[kind], { side: sheet.side, width, height }))
          }
        } catch (error) {
          log('warning', `${image.name} is missing on the sheets: ${(error as Error).message}`)
        }
      }
      for (const kind of ['labels', 'pred'] as const) {
        if (pictures[kind].length === 0) continue
        await write(`val_batch${batch}_${kind}.jpg`, await drawSheet(pictures[kind], sheet.columns, sheet.side))
      }
    }
  }
}

/** Labels, and detections from the confidence of the best F1 on, of one image of an evaluation. */
export function imageBoxes(evaluation: OpenEvaluation, image: number): { labels: SmallBox[]; pred: SmallBox[] } {
  const { gt, dt, labels } = evaluation.objects().set
  const conf = evaluation.conf()
  const corners = (box: Float64Array, row: number) =>
    [box[4 * row], box[4 * row + 1], box[4 * row] + box[4 * row + 2], box[4 * row + 1] + box[4 * row + 3]] as const
  const made: { labels: SmallBox[]; pred: SmallBox[] } = { labels: [], pred: [] }
  for (let g = 0; g < gt.length; g++) {
    if (gt.image[g] !== image) continue
    const k = gt.category[g]
    made.labels.push({ box: corners(gt.box, g), text: labels[k].name, color: labels[k].color || labelColor(k) })
  }
  for (let d = 0; d < dt.length; d++) {
    if (dt.image[d] !== image || dt.score[d] < conf) continue
    const k = dt.category[d]
    const text = `${labels[k].name} ${dt.score[d].toFixed(2)}`
    made.pred.push({ box: corners(dt.box, d), text, color: labels[k].color || labelColor(k) })
  }
  return made
}

/** Columns of results.csv; empty cells are NaN. */
export function csvColumns(text: string): Map<string, number[]> {
  const [header = '', ...lines] = text.trimEnd().split('\n')
  const names = header.split(',')
  const columns = new Map(names.map((name) => [name, [] as number[]]))
  for (const row of lines) {
    const cells = row.split(',')
    names.forEach((name, i) =>
      columns.get(name)!.push(cells[i] === undefined || cells[i] === '' ? NaN : Number(cells[i])),
    )
  }
  return columns
}
