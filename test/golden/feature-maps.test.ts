/** Feature maps of the model files of the data folder: of every file that takes a picture, and a reason for the others. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect } from 'vitest'
import { describeNetwork } from '@shared/catalog/imported/describe-network'
import { computeFeatureMaps } from '../../src-worker/predict/feature-maps'
import { readOnnx } from '../../src-worker/train/start-weights'
import { need } from '../helpers/need'

const data = need('data')

data.describe('The feature maps of', () => {
  let folder: string
  let image: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'feature-maps-'))
    image = join(folder, 'a.png')
    await sharp({ create: { width: 300, height: 200, channels: 3, background: '#4080c0' } })
      .png()
      .toFile(image)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const out = () => join(folder, 'maps.f32')
  const path = (name: string) => join(data.path, 'onnx', `${name}.onnx`)

  for (const [name, assumed] of [
    ['yolox_nano', false],
    ['yolox_nano_with_post', false],
    ['yunet_n_320', true],
    ['tbefn', true],
    ['deeplab_v3', true],
    ['mobilenetv2_int8', true],
  ] as const) {
    data.test(`${name} are computed at its first, a middle and a late layer`, async () => {
      const file = path(name)
      const { nodes, side } = describeNetwork(await readOnnx(file), { file, title: name, bytes: 0 })
      const layers = nodes.flatMap(({ op }, i) => (/Conv/.test(op) ? [i] : []))
      for (const node of [layers[0], layers[layers.length >> 1], layers[layers.length - 1]]) {
        const maps = await computeFeatureMaps({
          source: { kind: 'file', file },
          node,
          output: 0,
          image,
          side,
          out: out(),
        })
        const numbers = new Float32Array(Uint8Array.from(readFileSync(out())).buffer)
        expect(numbers.length).toBe(maps.channels * maps.height * maps.width)
        expect(numbers.every(Number.isFinite)).toBe(true)
        expect(new Set(numbers).size).toBeGreaterThan(1)
        expect(maps).toMatchObject({ assumed, image: { width: 300, height: 200 } })
      }
    })
  }

  data.test('a file whose weights are missing say which', async () => {
    const source = { kind: 'file' as const, file: path('missing_external_data') }
    const maps = computeFeatureMaps({ source, node: 0, output: 0, image, out: out() })
    await expect(maps).rejects.toMatchObject({ code: 'missing-external-data' })
  })
})
