/** One self-contained HTML file about a run, to be sent to somebody else: no scripts, nothing loaded from anywhere. */
import { dirname, join, resolve } from 'node:path'
import { existsSync, readFileSync } from 'node:fs'
import { stringify as toYaml } from 'yaml'
import { truthOf } from '@shared/catalog/tasks'
import { TagwrightError } from '@shared/base/errors'
import { resultsContract } from '@shared/contract/results'
import type { Restoration } from '@shared/evaluation/restoration'
import { statNames } from '@shared/evaluation/format-evaluation'
import { labelStatistics } from '@shared/evaluation/label-statistics'
import { selectObjects } from '@shared/evaluation/select-objects'
import { confidencePlot, confusionPlot, labelsPlot, prPlot, resultsPlot, tidePlot } from '@shared/plots/run-plots'
import { escapeXml, svg, type Picture } from '@shared/plots/svg'
import { drawBoxes } from '../media/draw-boxes'
import { makeFolder } from '../media/make-folder'
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
      makeFolder(dirname(file))
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
    ['Training time', run.seconds === null ? '–' : durationText(run.seconds)],
    ['Finished', run.finishedAt === null ? '–' : timeText(run.finishedAt)],
    [
      'Data',
      snapshot
        ? `${snapshot.samples} images${truthOf(run.task) === 'image' ? '' : `, ${snapshot.annotations} annotations`}`
        : '–',
    ],
    ['Evaluated on', `${row.images} images (${row.split ?? 'all'})`],
    ['Thresholds', row.thresholds ? `confidence ${row.thresholds.conf}, NMS IoU ${row.thresholds.iou}, at most ${row.thresholds.maxDet}` : 'of the file'], // prettier-ignore
  ]
  // The numbers that people ask for first.
  const tiles = names.slice(0, row.iouType === 'class' ? 2 : 3).map((name, i) => [name, number(row.stats[i])] as const)
  const parts = [
    `<header><p>${escapeXml(store.project.name)}</p><h1>${escapeXml(run.name)}</h1>`,
    `<ul class="tiles">${tiles.map(([name, value]) => `<li><span>${escapeXml(name)}</span><b>${value}</b></li>`).join('')}</ul></header>`,
    `<dl>${facts.map(([name, value]) => `<div><dt>${escapeXml(name)}</dt><dd>${escapeXml(value)}</dd></div>`).join('')}</dl>`,
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
  return `<h2>Images with the most errors</h2><p>Detections from confidence ${conf} on; labels dashed.</p><div class="figures images">${cells.join('')}</div>`
}

function tableHtml(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: 'td' | 'th') =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeXml(cell)}</${tag}>`).join('')}</tr>`
  // Numbers stand below each other; a first column of words is read from its beginning.
  const kind = rows.every(([first]) => /^[\d.–-]/.test(first ?? '')) ? ' class="numbers"' : ''
  return `<div class="wide"><table${kind}><thead>${line(head, 'th')}</thead><tbody>${rows.map((row) => line(row, 'td')).join('')}</tbody></table></div>`
}

function durationText(seconds: number): string {
  const whole = Math.round(seconds)
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`
}

/** The report is read elsewhere: times are those of UTC. */
const timeText = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escapeXml(title)}</title><style>
:root{color-scheme:light dark;--text:#1f2430;--muted:#5d6675;--line:#e2e5ec;--bg:#fff;--soft:#f4f5f8}
@media screen and (prefers-color-scheme:dark){:root{--text:#e9ebf0;--muted:#98a1b0;--line:#2f343f;--bg:#14161b;--soft:#1e2128}}
body{font:14px/1.5 Inter,'Segoe UI',system-ui,sans-serif;color:var(--text);background:var(--bg);max-width:1200px;margin:40px auto;padding:0 24px}
header p{margin:0;color:var(--muted)}h1{font-size:28px;line-height:1.2;margin:0 0 20px}
h2{font-size:18px;margin:40px 0 12px}.tiles{display:flex;flex-wrap:wrap;gap:12px;margin:0 0 24px;padding:0;list-style:none}
.tiles li{min-width:120px;padding:10px 16px;border-radius:8px;background:var(--soft)}.tiles span{display:block;color:var(--muted);font-size:12px}.tiles b{font-size:22px;font-variant-numeric:tabular-nums}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(260px,1fr));gap:10px 24px;margin:0;padding:16px 0;border-block:1px solid var(--line)}
dt{color:var(--muted);font-size:12px}dd{margin:0}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:6px 8px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{font-weight:600;color:var(--muted);font-size:12px}table:not(.numbers) :is(th,td):first-child{padding-left:0;text-align:left}tbody tr:hover{background:var(--soft)}
.wide{overflow-x:auto}.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,480px),1fr));gap:16px;align-items:start}.images{grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr))}figure{margin:0}.figures :is(svg,img){width:100%}
figure svg,figure img{display:block;max-width:100%;height:auto;border:1px solid var(--line);border-radius:8px;background:#fff}figcaption{margin-top:4px;color:var(--muted);font-size:12px}
pre{background:var(--soft);padding:16px;border-radius:8px;overflow-x:auto}@media print{h2{break-after:avoid}figure{break-inside:avoid}}
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
