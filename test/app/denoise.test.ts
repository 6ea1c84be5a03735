/** The built program denoises: pairs and made noise, training, evaluation, export, whole folders; the window shows it. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs' // prettier-ignore
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { unzip } from '../../src-main/media/unzip'
import { runCli } from '../helpers/run-cli'

const folder = mkdtempSync(join(tmpdir(), 'tagwright-denoise-'))
const [project, images, exported] = ['project', 'images', 'clean.onnx'].map((name) => join(folder, name))

const run = (...args: string[]) => runCli([...args, '--json'])
const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await run(...args)
  expect(code, stderr + stdout).toBe(0)
  return JSON.parse(stdout)
}
const recipe = ['--size', '32', '--batch', '4', '--epochs', '8', '--provider', 'cpu', '--set', 'model.params={"depth":4,"width":12}', 'data.crops=6', 'optimizer.lr=0.005'] // prettier-ignore

beforeAll(async () => {
  const random = rng('shapes')
  for (const [split, count] of [
    ['train', 8],
    ['val', 3],
  ] as const)
    // prettier-ignore
    for (let i = 0; i < count; i++) {
      // Grey steps and ramps: what a small network learns to keep.
      const [width, height] = [56, 44]
      const clean = new Uint8Array(width * height)
      const [a, b, c] = [random.int(10, 46), random.int(40, 120), random.int(130, 220)]
      clean.forEach((_, at) => (clean[at] = (at % width) + Math.floor(at / width) > a + 20 ? b : c))
      const noisy = clean.map((v) => Math.min(255, Math.max(0, Math.round(v + 25 * random.normal()))))
      for (const [kind, data] of [['clean', clean], ['noisy', noisy]] as const) { // prettier-ignore
        mkdirSync(join(images, kind, split), { recursive: true })
        await sharp(data, { raw: { width, height, channels: 1 } })
          .toColourspace('b-w')
          .png()
          .toFile(join(images, kind, split, `${i}.png`))
      }
    }
  await json('init', project, '--task', 'denoise')
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('A project of noisy and clean images', () => {
  it('reads pairs by their names', async () => {
    const report = await json('import', project, images)
    expect(report).toMatchObject({ format: 'image-pairs', samples: 11, annotations: 0, labels: 0 })
    expect(report.splits).toMatchObject({ train: 8, val: 3 })
  }, 120_000)

  it('learns from them: the image comes nearer to the clean one than the noisy one is', async () => {
    const trained = await json('train', project, ...recipe, '--name', 'pairs')
    expect(trained.status).toBe('done')
    expect(Object.keys(trained.best)).toEqual(expect.arrayContaining(['PSNR', 'SSIM']))
    const { restoration, images: count } = await json('eval', project, '--run', 'pairs', '--split', 'val')
    expect(count).toBe(3)
    const [level] = restoration.levels
    expect(level.title).toBe('pairs')
    expect(level.scores[1].psnr).toBeGreaterThan(level.scores[0].psnr + 1)
    expect(level.scores[1].ssim).toBeGreaterThan(level.scores[0].ssim)
    expect(level.perImage).toHaveLength(3)
    const made = JSON.parse(readFileSync(join(project, 'runs/r1/recipe.json'), 'utf8'))
    expect(made).toMatchObject({ noise: { id: 'pairs' }, model: { params: { channels: 1 } }, data: { crops: 6 } })
    // What the run left for people to look at.
    expect(existsSync(join(project, 'evaluations/1/pictures.json'))).toBe(true)
  }, 400_000)

  it('exports what it trained: the file scores as the run does, and takes any size', async () => {
    const { parity, input } = await json('export', project, '--run', 'pairs', '--out', exported)
    expect(parity.ok).toBe(true)
    expect(input).toEqual([1, 1, 'height', 'width'])
    const ofRun = await json('eval', project, '--run', 'pairs', '--split', 'val')
    const ofFile = await json('eval', project, '--model', exported, '--split', 'val')
    expect(ofFile.restoration.levels[0].scores[1].psnr).toBeCloseTo(ofRun.restoration.levels[0].scores[1].psnr, 3)
    const noisy = await json('eval', project, '--model', exported, '--split', 'val', '--levels', '15,50')
    expect(noisy.restoration.levels.map((one: { title: string }) => one.title)).toEqual(['sigma 15', 'sigma 50'])
  }, 200_000)

  it('cleans whole folders without a project, 16 bits as 16 bits', async () => {
    const deep = join(folder, 'deep.png')
    const data = Uint16Array.from({ length: 40 * 30 }, (_, i) => 1024 + ((i * 37) % 9000))
    await sharp(data, { raw: { width: 40, height: 30, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toFile(deep)
    const out = join(folder, 'out')
    const told = await json('denoise', join(images, 'noisy/val'), deep, '--model', exported, '--out', out, '--black', '0', '--white', '16383') // prettier-ignore
    expect(told).toMatchObject({ images: 4, failed: [] })
    expect(await sharp(join(out, 'deep.png')).metadata()).toMatchObject({ width: 40, height: 30, depth: 'ushort', channels: 1 }) // prettier-ignore
    expect(await sharp(join(out, '0.png')).metadata()).toMatchObject({ width: 56, height: 44, depth: 'uchar' })
    const missing = await run('denoise', join(folder, 'nowhere.png'), '--model', exported, '--out', out)
    expect(JSON.parse(missing.stdout).error.code).toBe('not-found')
  }, 120_000)

  it('comes with a program that cleans as the product does', async () => {
    const file = join(folder, 'bundled.onnx')
    const { bundle } = await json('export', project, '--run', 'pairs', '--out', file, '--bundle')
    const there = join(folder, 'unzipped')
    await unzip(bundle, there, { maxFiles: 20, maxBytes: 2 ** 28 })
    expect(readdirSync(there)).toEqual(expect.arrayContaining(['denoise.mjs', 'denoise.py', 'package.json', 'requirements.txt', 'bundled.onnx'])) // prettier-ignore
    expect(readFileSync(join(there, 'README.md'), 'utf8')).toContain('node denoise.mjs photo.jpg')
    symlinkSync(resolve('node_modules'), join(there, 'node_modules'))
    // Grey and colour, 8 and 16 bits; larger than a tile of the program's, so that seams would show.
    const colour = join(there, 'colour.png')
    const large = await sharp(join(images, 'noisy/val/0.png')).resize(600, 530).toColourspace('srgb').png().toBuffer()
    writeFileSync(colour, large)
    const deep = join(there, 'deep.png')
    await sharp(Uint16Array.from({ length: 40 * 30 }, (_, i) => (i * 3571) % 65536), { raw: { width: 40, height: 30, channels: 1 } }).toColourspace('grey16').png().toFile(deep) // prettier-ignore
    execFileSync(process.execPath, ['denoise.mjs', colour, deep], { cwd: there, encoding: 'utf8' })
    const out = join(folder, 'by-product')
    await json('denoise', colour, deep, '--model', file, '--out', out)
    for (const [name, depth, most] of [
      ['colour', 'uchar', 1],
      ['deep', 'ushort', 2],
    ] as const) {
      // prettier-ignore
      const read = (path: string) => sharp(path).raw({ depth }).toBuffer({ resolveWithObject: true })
      const [own, wanted] = [await read(join(there, `${name}-clean.png`)), await read(join(out, `${name}.png`))]
      expect(own.info).toMatchObject({ width: wanted.info.width, height: wanted.info.height, channels: wanted.info.channels }) // prettier-ignore
      const numbers = ({ data }: typeof own) => Array.from(depth === 'ushort' ? new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)) : data) // prettier-ignore
      const [a, b] = [numbers(own), numbers(wanted)]
      expect(a.length).toBe(b.length)
      expect(a.reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i])), 0)).toBeLessThanOrEqual(most)
    }
  }, 200_000)

  it('makes noise where the recipe says so, of other kinds and for other losses', async () => {
    const made = [...recipe, 'noise={"id":"jpeg","quality":10}', 'loss.terms=[{"id":"l1"},{"id":"fourier"}]']
    const trained = await json('train', project, '--model', 'nafnet', ...made.map((one) => (one.startsWith('model.params') ? 'model.params={"width":4,"encoder":[1],"decoder":[1]}' : one)), '--name', 'jpeg') // prettier-ignore
    expect(trained.status).toBe('done')
    const { restoration } = await json('eval', project, '--run', 'jpeg', '--split', 'val')
    expect(restoration.levels[0].title).toBe('quality 10')
    const detector = await run('train', project, '--model', 'yolox-nano', '--epochs', '1')
    expect(JSON.parse(detector.stdout).error.code).toBe('bad-recipe')
    const wrong = await run('train', project, '--epochs', '1', '--set', 'model.params={"dept":4}')
    expect(JSON.parse(wrong.stdout).error.message).toContain('dept')
  }, 400_000)

  it('writes its pairs again', async () => {
    const out = join(folder, 'pairs')
    await json('export-data', project, '--format', 'image-pairs', '--out', out)
    expect(readFileSync(join(out, 'clean/val/1.png'))).toEqual(readFileSync(join(images, 'clean/val/1.png')))
    expect(readFileSync(join(out, 'noisy/train/7.png'))).toEqual(readFileSync(join(images, 'noisy/train/7.png')))
  }, 120_000)
})
