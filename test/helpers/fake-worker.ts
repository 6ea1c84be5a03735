/**
 * A worker process without ONNX Runtime: it "trains" by counting, with the real wire, report and process behind it. The
 * recipe's seed says how it behaves, so that a test needs no channel of its own.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TagwrightError } from '@shared/base/errors'
import { createHub, serve, type ServiceHandlers } from '@shared/contract/rpc'
import { measureCurve } from '@shared/evaluation/label-advice'
import { processWire } from '@shared/contract/wires/process'
import { workerContracts, type workerContract } from '@shared/contract/worker'
import { workerReport } from '../../src-worker/report'

/** 1 x 1, black. */
const tinyPng = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==',
  'base64',
)

export const behaviour = {
  normal: 0,
  /** Kills itself in step 25, once. */
  crash: 1,
  /** Blocks its thread in step 25. */
  hang: 2,
  /** Takes no notice of an abort. */
  stubborn: 3,
  /** Fails in step 25 with an error of its own. */
  fail: 4,
  /** Long: thousands of slow steps. */
  slow: 5,
}
const stepsPerEpoch = 10
const epochs = 4

if (process.send) {
  const wire = processWire(process)
  const hub = createHub(workerContracts, console.error)
  const report = workerReport(hub, wire)
  const unused = () => Promise.reject(new TagwrightError('not-available', 'Not in the fake worker.'))
  let learned = { images: 0, labels: 0 }
  const seen = () => [
    {
      label: learned.labels - 1,
      score: learned.images / 100,
      box: [1, 2, 11.5, 22] as [number, number, number, number],
    },
  ]
  const worker: ServiceHandlers<typeof workerContract> = {
    probe: () => ({
      versions: { onnxruntime: '0.0.0-fake' },
      providers: [{ id: 'cpu', available: true, device: 'fake' }],
    }),
    async train({ runDir, recipe, resume }, { signal }) {
      const kind = Number(recipe.seed)
      const checkpoint = join(runDir, 'last.ckpt')
      const first = resume ? Number(readFileSync(checkpoint, 'utf8')) : 0
      report.recipe({ ...recipe, epochs, provider: 'cpu' })
      if (resume) report.resumed({ step: first, epoch: first / stepsPerEpoch })
      const save = async (step: number, score: number) => {
        await report.flush()
        writeFileSync(`${checkpoint}.part`, String(step))
        renameSync(`${checkpoint}.part`, checkpoint)
        report.checkpoint({ step, epoch: step / stepsPerEpoch, kind: 'last', score })
      }
      const total = kind === behaviour.slow ? 100_000 : stepsPerEpoch * epochs
      let last = null
      for (let step = first + 1; step <= total; step++) {
        if (step === 25 && kind === behaviour.crash && !existsSync(join(runDir, 'crashed'))) {
          writeFileSync(join(runDir, 'crashed'), '')
          console.error('a native library fell over')
          process.kill(process.pid, 'SIGKILL')
          await sleep(1000)
        }
        if (step === 25 && kind === behaviour.hang) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
        if (step === 25 && kind === behaviour.fail) {
          throw new TagwrightError('loss-not-finite', 'The loss is NaN in step 25. Lower the learning rate 0.01.', {
            step,
          })
        }
        await sleep(kind === behaviour.slow ? 20 : 2)
        report.progress(`epoch ${Math.ceil(step / stepsPerEpoch)}`, step, total)
        report.metrics([{ step, epoch: step / stepsPerEpoch, series: 'train/loss', value: 1 / step }])
        if (step % stepsPerEpoch === 0) {
          const epoch = step / stepsPerEpoch
          last = { epoch, step, AP: epoch === 3 ? 0.5 : 0.1 * epoch, AP50: 0.2 * epoch }
          report.metrics([
            { step, epoch, series: 'val/AP', value: last.AP },
            { step, epoch, series: 'val/AP50', value: last.AP50 },
            { step, epoch, series: 'val/loss', value: NaN },
          ])
          await save(step, last.AP)
          appendFileSync(join(runDir, 'results.csv'), `${epoch}\n`)
        }
        if (signal.aborted && kind !== behaviour.stubborn) {
          await save(step, -1)
          return { status: 'cancelled', best: last, last, seconds: 1, imagesPerSecond: 10, dataWait: 0 }
        }
      }
      await report.flush()
      const best = { epoch: 3, step: 30, AP: 0.5, AP50: 0.6 }
      return { status: 'done', best, last, seconds: 1, imagesPerSecond: 10, dataWait: 0.25 }
    },
    async predict({ images, labels, conf, iou, maxDet, restore }) {
      const names = labels?.map((label) => label.name) ?? ['thing']
      report.classes(names)
      const failed = []
      for (const image of images) {
        if (image.file.includes('broken')) {
          failed.push({ id: image.id, file: image.file, message: 'It is not an image.' })
          continue
        }
        const detections = [
          { label: names.length - 1, score: 0.75, box: [1, 2, 11.5, 22] as [number, number, number, number] },
        ]
        const made = restore ? join(restore.out, `${image.id}.png`) : undefined
        if (made) writeFileSync(made, tinyPng)
        report.detections({ image: image.id, width: 100, height: 50, detections, ...(made ? { made } : {}) })
      }
      const done = images.length - failed.length
      return { images: done, detections: done, failed, labels: names, seconds: 0.5, thresholds: { conf, iou, maxDet } }
    },
    evaluate: unused,
    score: unused,
    async measure({ batch }) {
      // As the system does when memory is short.
      if (batch >= 16) {
        process.kill(process.pid, 'SIGKILL')
        await sleep(1000)
      }
      return { provider: 'cpu', epochs: 3, seconds: 0.1 + 0.05 * batch, memory: 1e6 * batch }
    },
    // Counts its rounds, and sees a box of the last label whose score is the number of images that were learned from.
    async refreshHead({ runDir, samples, labels, images, weights }) {
      if (weights.includes('broken')) throw new TagwrightError('bad-model', 'The weights are broken. Choose others.')
      for (const kind of ['last', 'best']) writeFileSync(join(runDir, `${kind}.ckpt`), String(samples.length))
      learned = { images: samples.length, labels: labels.length }
      const detections = images.map(({ id }) => ({ image: id, width: 100, height: 50, detections: seen() }))
      return { steps: 12, loss: 0.5, images: samples.length, computed: 1, seconds: { open: 0, features: 0, train: 0, predict: 0 }, detections } // prettier-ignore
    },
    async predictKept({ images }) {
      return { detections: images.map(({ id }) => ({ image: id, width: 100, height: 50, detections: seen() })) }
    },
    // A curve that is known, and a class with too little of it; as long as somebody stops it where the seed says so.
    async learnCurves({ recipe, weights, seconds }, { signal }) {
      if (weights?.includes('broken')) throw new TagwrightError('bad-model', 'The weights are broken. Choose others.')
      for (let step = 1; Number(recipe.seed) === behaviour.slow; step++) {
        signal.throwIfAborted()
        report.progress('short runs', step, null)
        await sleep(5)
      }
      const points = [25, 50, 100].map((n) => ({ n, draw: 0, score: 0.8 - 2 / Math.sqrt(n) }))
      const few = measureCurve([], { objects: 2, images: 2, truths: 9 })
      return {
        overall: measureCurve(points, { objects: 100, images: 100, truths: 60 }),
        classes: [
          { label: 'boat', ...measureCurve(points, { objects: 200, images: 100, truths: 60 }) },
          { label: '=1+1', ...few },
        ],
        images: { train: 100, used: 100, val: 40 },
        steps: 100,
        draws: 1,
        seconds,
      }
    },
    featureMaps: unused,
    preview: unused,
    describeNetwork: unused,
    openDetector: unused,
    detect: unused,
    exportOnnx: unused,
  }
  serve(workerContracts, { worker }, wire, { hub, onError: console.error })
  setInterval(() => hub.emit('worker.heartbeat', { rss: 1 }), 100).unref()
  wire.onClose(() => process.exit(0))
}
