/** One self-contained HTML file about a run, to be sent to somebody else: no scripts, nothing loaded from anywhere. */
import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { existsSync, readFileSync } from 'node:fs'
import { stringify as toYaml } from 'yaml'
import { TagwrightError } from '@shared/base/errors'
import { resultsContract } from '@shared/contract/results'
import type { Restoration } from '@shared/evaluation/restoration'
import { statNames } from '@shared/evaluation/format-evaluation'
import { labelStatistics } from '@shared/evaluation/label-statistics'
import { selectObjects } from '@shared/evaluation/select-objects'
import { confidencePlot, confusionPlot, labelsPlot, prPlot, resultsPlot, tidePlot } from '@shared/plots/run-plots'
import { escapeXml, svg, type Picture } from '@shared/plots/svg'
import { drawBoxes } from '../media/draw-boxes'
import { serveFile } from '../media/served-files'
import { addArtifact } from '../store/artifact'
import { listEvaluations } from '../store/evaluation'
import { openEvaluation, type OpenEvaluation } from '../store/open-evaluation'
import { findRun, type RunRow } from '../store/run'
import { sampleFile } from '../store/sample'
import { getSnapshot } from '../store/snapshot'
import type { Store } from '../store/store'
import { defineJob, type JobContext } from './define-job'
import { csvColumns, imageBoxes } from './draw-run-plots'
import { needStore, type JobDeps } from './job-deps'
import { writeAtomic } from './write-atomic'

export const reportJob = (deps: JobDeps) =>
  defineJob({
    kind: 'report',
    lane: 'data',
    params: resultsContract.methods.report.input,
    async run({ run: ref, evaluation, out, images }, context): Promise<{ file: string; bytes: number; url: string }> {
      const store = needStore(deps)
      const run = findRun(store.db, ref)
      const rows = listEvaluations(store.db, run.id)
      const id = evaluation ?? (rows.findLast((row) => row.final) ?? rows.at(-1))?.id
      if (id === undefined) {
        throw new TagwrightError(
          'no-evaluation',
          `Run ${run.id} was not evaluated yet. Evaluate it first, then write its report.`,
          { run: run.id },
        )
      }
      const file = out === null ? join(store.folder, 'runs', run.id, 'report.html') : resolve(out)
      await mkdir(dirname(file), { recursive: true })
      const html = await reportHtml(store, run, openEvaluation(store, id), images, context)
      await writeAtomic(file, [html])
      const served = serveFile({ path: file, mime: 'text/html; charset=utf-8', name: `${run.id}-report.html` })
      addArtifact(store.db, { run: run.id, kind: 'report', file, bytes: served.bytes, meta: { evaluation: id } })
      return { file, bytes: served.bytes, url: served.url }
    },
  })

async function reportHtml(
  store: Store,
  run: RunRow,
  evaluation: OpenEvaluation,
  images: number,
  context: Pick<JobContext, 'signal' | 'report' | 'log'>,
): Promise<string> {
  const { row } = evaluation
  const result = evaluation.result()
  const analysis = evaluation.analysis()
  const snapshot = run.snapshot === null ? null : getSnapshot(store.db, run.snapshot)
  const csv = join(store.folder, 'runs', run.id, 'results.csv')
  const figure = (picture: Picture) => `<figure>${svg(picture)}</figure>`
  const number = (value: unknown) => (typeof value === 'number' && value >= 0 ? value.toFixed(3) : '–')
  const names = statNames(row.iouType)
  const facts: [string, string][] = [
    ['Project', store.project.name],
    ['Run', run.name === run.id ? run.id : `${run.id} (${run.name})`],
    ['Model', run.model],
    ['Status', run.status],
    ['Epochs', String(Math.round(run.epoch * 100) / 100)],
    ['Training time', run.seconds === null ? '–' : `${Math.round(run.seconds)} s`],
    ['Finished', run.finishedAt ?? '–'],
    ['Data', snapshot ? `${snapshot.samples} images, ${snapshot.annotations} annotations` : '–'],
    ['Evaluated on', `${row.images} images (${row.split ?? 'all'})`],
    ['Thresholds', row.thresholds ? `confidence ${row.thresholds.conf}, NMS IoU ${row.thresholds.iou}, at most ${row.thresholds.maxDet}` : 'of the file'], // prettier-ignore
  ]
  const parts = [
    `<h1>${escapeXml(run.name)}</h1>`,
    tableHtml([], facts),
    row.iouType === 'class' || row.iouType === 'image' ? '<h2>Scores</h2>' : '<h2>COCO table</h2>',
    tableHtml(names, [row.stats.map(number)]),
    ...(result.restoration
      ? restorationParts(result.restoration)
      : [
          '<h2>Classes</h2>',
          tableHtml(
            ['Class', 'Objects', ...names],
            result.perClass.map((one) => [
              one.label,
              String(one.groundTruths),
              ...names.map((name) => number((one as Record<string, unknown>)[name])),
            ]),
          ),
        ]),
  ]
  if (analysis) {
    const { curves, confusion, tide } = analysis
    const index = evaluation.objects()
    const statistics = labelStatistics(index.set)
    parts.push(
      '<h2>Curves</h2><div class="figures">',
      figure(prPlot(curves)),
      figure(confidencePlot(curves, 'f1')),
      figure(confidencePlot(curves, 'precision')),
      figure(confidencePlot(curves, 'recall')),
      '</div><h2>Errors</h2><div class="figures">',
      figure(confusionPlot(confusion, false)),
      figure(confusionPlot(confusion, true)),
      figure(tidePlot(tide)),
      '</div><h2>Evaluated data</h2><div class="figures">',
      figure(labelsPlot(index.set)),
      '</div>',
      tableHtml(
        ['Class', 'Objects', 'Images', 'Small', 'Medium', 'Large', 'Median side (px)'],
        statistics.map((one) => [
          one.label,
          ...[one.objects, one.images, one.small, one.medium, one.large].map(String),
          one.side ? one.side[2].toFixed(1) : '–',
        ]),
      ),
      await worstImages(store, evaluation, images, context),
    )
  }
  if (existsSync(csv)) parts.push('<h2>Training</h2>', figure(resultsPlot(csvColumns(readFileSync(csv, 'utf8')))))
  parts.push('<h2>Recipe</h2>', `<pre>${escapeXml(toYaml(run.recipe))}</pre>`)
  return page(`${run.name} – ${store.project.name}`, parts.join('\n'))
}

async function worstImages(
  store: Store,
  evaluation: OpenEvaluation,
  count: number,
  { signal, report, log }: Pick<JobContext, 'signal' | 'report' | 'log'>,
): Promise<string> {
  const index = evaluation.objects()
  const errors = new Map<number, number>()
  for (const { image } of selectObjects(index, { kind: 'worst' }, evaluation.conf())) {
    errors.set(image, (errors.get(image) ?? 0) + 1)
  }
  const worst = [...errors].sort(([, a], [, b]) => b - a).slice(0, count)
  const cells: string[] = []
  for (const [i, [image, n]] of worst.entries()) {
    signal.throwIfAborted()
    report('drawing images', i, worst.length)
    const { sample, name, width, height } = index.set.images[image]
    const boxes = imageBoxes(evaluation, image)
    const labels = boxes.labels.map((box) => ({ ...box, text: '', dashed: true }))
    try {
      const file = sampleFile(store.db, store.folder, sample)
      const jpeg = await drawBoxes(file, [...labels, ...boxes.pred], { side: 420, width, height, quality: 70 })
      const source = `data:image/jpeg;base64,${jpeg.toString('base64')}`
      cells.push(
        `<figure><img src="${source}" alt="${escapeXml(name)}"><figcaption>${escapeXml(name)}: ${n} ${n === 1 ? 'error' : 'errors'}</figcaption></figure>`,
      )
    } catch (error) {
      log('warning', `${name} is left out of the report: ${(error as Error).message}`)
    }
  }
  if (cells.length === 0) return ''
  const conf = evaluation.conf().toFixed(3)
  return `<h2>Images with the most errors</h2><p>Detections from confidence ${conf} on; labels dashed.</p><div class="figures">${cells.join('')}</div>`
}

function tableHtml(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: 'td' | 'th') =>
    `<tr>${cells.map((cell, i) => (i === 0 && head.length === 0 ? `<th>${escapeXml(cell)}</th>` : `<${tag}>${escapeXml(cell)}</${tag}>`)).join('')}</tr>`
  return `<div class="wide"><table>${head.length > 0 ? `<thead>${line(head, 'th')}</thead>` : ''}<tbody>${rows.map((row) => line(row, 'td')).join('')}</tbody></table></div>`
}

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escapeXml(title)}</title><style>
body{font:14px/1.5 Inter,'Segoe UI',system-ui,sans-serif;color:#1f2430;max-width:1320px;margin:32px auto;padding:0 24px}
h1{font-size:26px;margin:0 0 16px}h2{font-size:18px;margin:36px 0 12px;padding-top:12px;border-top:1px solid #e7e9ef}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:4px 12px 4px 0;text-align:left;border-bottom:1px solid #e7e9ef}
th{font-weight:600;color:#667085}.wide{overflow-x:auto}.figures{display:flex;flex-wrap:wrap;gap:16px}figure{margin:0}
figure svg,figure img{max-width:100%;height:auto;border:1px solid #e7e9ef;border-radius:6px}figcaption{color:#667085;font-size:12px}
pre{background:#f4f5f8;padding:16px;border-radius:6px;overflow-x:auto}@media print{h2{break-after:avoid}figure{break-inside:avoid}}
</style></head><body>
${body}
</body></html>
`

function restorationParts({ methods, levels }: Restoration): string[] {
  const rows = levels.flatMap(({ title, scores }) =>
    methods.map((method, i) => [title, method.title, scores[i].psnr.toFixed(2), scores[i].ssim.toFixed(4)]),
  )
  return ['<h2>Methods and noise</h2>', tableHtml(['Noise', 'Method', 'PSNR, dB', 'SSIM'], rows)]
}
