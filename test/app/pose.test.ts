/** The built program learns poses: keypoints in, training, evaluation, prediction, review, export, the file again. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { decodeOnnxInfo } from '@shared/engine/onnx/decode-info'
import { unzip } from '../../src-main/media/unzip'
import { runCli } from '../helpers/run-cli'

const folder = mkdtempSync(join(tmpdir(), 'tagwright-pose-'))
const project = join(folder, 'project')
const exported = join(folder, 'arrow.onnx')
const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await runCli([...args, '--json'])
  expect(code, stderr + stdout).toBe(0)
  return JSON.parse(stdout)
}

const points = ['head', 'left wing', 'right wing']
/** An arrow that points up, its wings in different colours: red head, green left, blue right. Files state no box. */
async function makeSplit(split: string, count: number): Promise<void> {
  const random = rng('arrows', split)
  mkdirSync(join(folder, split))
  const images = []
  const annotations = []
  for (let id = 1; id <= count; id++) {
    const [x, y, size] = [random.int(28, 68), random.int(28, 60), random.int(16, 24)]
    const places = [
      [x, y - size],
      [x - size, y + size],
      [x + size, y + size],
    ]
    const dots = places.map(([px, py], k) => `<circle cx="${px}" cy="${py}" r="5" fill="${['#e01010', '#10c010', '#1010e0'][k]}"/>`) // prettier-ignore
    const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96"><rect width="96" height="96" fill="#c8c8c8"/><polygon points="${places.join(' ')}" fill="#404040"/>${dots.join('')}</svg>`
    await sharp(Buffer.from(picture))
      .png()
      .toFile(join(folder, split, `${id}.png`))
    images.push({ id, file_name: `${id}.png`, width: 96, height: 96 })
    annotations.push({ id, image_id: id, category_id: 1, keypoints: places.flatMap((p) => [...p, 2]), iscrowd: 0 })
  }
  const categories = [{ id: 1, name: 'arrow', keypoints: points, skeleton: [[1, 2], [1, 3]] }] // prettier-ignore
  writeFileSync(join(folder, split, 'annotations.json'), JSON.stringify({ images, annotations, categories }))
}

beforeAll(async () => {
  await makeSplit('train', 16)
  await makeSplit('val', 4)
  await json('init', project, '--task', 'pose')
  for (const split of ['train', 'val']) await json('import', project, join(folder, split), '--split', split)
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('A project of poses', () => {
  it('trains on points without boxes and tells their errors', async () => {
    const recipe = ['--size', '96', '--batch', '8', '--epochs', '120']
    const values = ['--set', 'data.evalEvery=60', 'augment=[{"id":"flip"}]']
    const { code, stdout, stderr } = await runCli(['train', project, ...recipe, ...values, '--name', 'arrows', '--json']) // prettier-ignore
    expect(code, stderr + stdout).toBe(0)
    const trained = JSON.parse(stdout)
    const log = readFileSync(join(project, 'runs', 'r1', 'log.jsonl'), 'utf8')
    expect(log).toContain('16 of 16 poses have no box of their own')
    expect(Object.keys(trained.best)).toEqual(expect.arrayContaining(['AP', 'AP50', 'PCK']))
    const { runs } = await json('runs', project)
    expect(runs[0]).toMatchObject({ model: 'yolox-pose-nano' })
    const { coco, report } = await json('eval', project, '--run', 'arrows', '--split', 'val')
    expect(Object.keys(coco)).toEqual(['AP', 'AP50', 'AP75', 'APm', 'APl', 'AR', 'AR50', 'AR75', 'ARm', 'ARl'])
    expect(report).toMatchObject({ kind: 'pose', objects: 4 })
    expect(report.points.map(({ point }: { point: string }) => point).sort()).toEqual([...points].sort())
    // A guess at the middle of the box is some 20 px away.
    expect(report.found).toBe(4)
    expect(report.mean).toBeLessThan(8)
    // The file that was written beside it says the same.
    const predictions = join(project, 'runs', 'r1', 'predictions.json')
    const ofPredictions = await json('eval', project, '--predictions', predictions, '--split', 'val')
    expect(ofPredictions.coco).toEqual(coco)
    expect(ofPredictions.report).toMatchObject({ found: 4, points: report.points, boxes: report.boxes })
  }, 500_000)

  it('exports what it trained: the file says its points, and finds the same', async () => {
    const { parity, output, bundle } = await json('export', project, '--run', 'arrows', '--out', exported, '--bundle')
    expect(parity).toMatchObject({ ok: true, images: 4 })
    expect(output).toEqual([1, 12 * 12 + 6 * 6 + 3 * 3, 5 + 1 + 3 * points.length])
    const { metadata } = decodeOnnxInfo(readFileSync(exported))
    expect(metadata.get('task')).toBe('pose')
    expect(metadata.get('kpt_shape')).toBe('[3, 3]')
    expect(metadata.get('kpt_names')).toBe("{0: ['head', 'left wing', 'right wing']}")
    expect(metadata.get('flip_idx')).toBe('[0, 2, 1]')
    const ofRun = await json('eval', project, '--run', 'arrows', '--split', 'val')
    const ofFile = await json('eval', project, '--model', exported, '--split', 'val')
    expect(ofFile.report.mean).toBeCloseTo(ofRun.report.mean, 2)
    const image = join(folder, 'val', '1.png')
    const out = join(folder, 'found.json')
    const drawn = join(folder, 'drawn')
    await json('predict', image, '--model', exported, '--out', out, '--draw', drawn)
    const [found] = JSON.parse(readFileSync(out, 'utf8'))
    expect(found.keypoints).toHaveLength(9)
    expect((await sharp(join(drawn, '1.jpg')).metadata()).width).toBe(96)
    // The program that comes with it prints the same points.
    const there = join(folder, 'unzipped')
    await unzip(bundle, there, { maxFiles: 20, maxBytes: 2 ** 28 })
    symlinkSync(resolve('node_modules'), join(there, 'node_modules'))
    const lines = execFileSync(process.execPath, ['detect.mjs', image], { cwd: there, encoding: 'utf8' }).trim().split('\n') // prettier-ignore
    expect(lines[0]).toMatch(/1\.png arrow \d/)
    points.forEach((name, k) => {
      expect(lines[1 + k].trim().startsWith(name)).toBe(true)
      const [x, y] = lines[1 + k].trim().slice(name.length).trim().split(/\s+/).map(Number)
      expect(Math.hypot(x - found.keypoints[3 * k], y - found.keypoints[3 * k + 1])).toBeLessThan(0.5)
    })
    const suppressed = join(folder, 'suppressed.onnx')
    const nms = await json('export', project, '--run', 'arrows', '--out', suppressed, '--nms')
    expect(nms.parity.ok).toBe(true)
    expect(nms.output[2]).toBe(6 + 3 * points.length)
    const again = join(folder, 'again.json')
    await json('predict', image, '--model', suppressed, '--out', again)
    const [same] = JSON.parse(readFileSync(again, 'utf8'))
    same.keypoints.forEach((value: number, i: number) => expect(value).toBeCloseTo(found.keypoints[i], 1))
  }, 300_000)
})
