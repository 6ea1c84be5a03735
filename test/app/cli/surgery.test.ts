/** A/B of a block on the command line: two runs of one seed, and the exported file holds the block. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ModelProtoSchema } from '@shared/engine/onnx/generated/onnx_pb'
import { runCli } from '../../helpers/run-cli'

let folder: string
const at = (name: string) => join(folder, name)
const surgery = 'model.surgery=[{"id":"cbam","after":"dark3"},{"id":"eca","after":"C3_p4"}]'

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-surgery-'))
  mkdirSync(at('images'))
  const images: object[] = []
  const annotations: object[] = []
  for (let id = 1; id <= 8; id++) {
    const [x, y] = [4 + 5 * id, 40 - 4 * id]
    const square = await sharp({ create: { width: 30, height: 30, channels: 3, background: '#ffcc00' } }).png().toBuffer() // prettier-ignore
    await sharp({ create: { width: 96, height: 96, channels: 3, background: '#204060' } })
      .composite([{ input: square, left: x, top: y }])
      .png()
      .toFile(at(`images/${id}.png`))
    images.push({ id, file_name: `images/${id}.png`, width: 96, height: 96 })
    annotations.push({ id, image_id: id, category_id: 1, bbox: [x, y, 30, 30], area: 900, iscrowd: 0 })
  }
  writeFileSync(at('gt.json'), JSON.stringify({ images, annotations, categories: [{ id: 1, name: 'square' }] }))
  for (const args of [
    ['init', at('project')],
    ['import', at('project'), at('gt.json'), '--split', 'train'],
  ])
    // prettier-ignore
    expect((await runCli(args)).code).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('trains without and with blocks at one seed, and exports them', { timeout: 900_000 }, async () => {
  const common = ['train', at('project'), '--size', '64', '--epochs', '2', '--batch', '4', '--provider', 'cpu', '--seed', '5'] // prettier-ignore
  const refused = await runCli([...common, '--ab'])
  expect([refused.code, refused.stderr]).toEqual([expect.any(Number), expect.stringContaining('model.surgery')])
  expect(refused.code).not.toBe(0)
  const done = await runCli([...common, '--set', surgery, '--ab', '--json'])
  expect(done.stderr).not.toContain('Error')
  const { a, b } = done.json() as Record<'a' | 'b', { run: string; status: string }>
  expect([a.status, b.status]).toEqual(['done', 'done'])
  const recipe = (run: string) =>
    JSON.parse(readFileSync(at(`project/runs/${run}/recipe.json`), 'utf8')) as { seed: number; model: { surgery: object[] } } // prettier-ignore
  expect([recipe(a.run).seed, recipe(b.run).seed]).toEqual([5, 5])
  expect([recipe(a.run).model.surgery.length, recipe(b.run).model.surgery.length]).toEqual([0, 2])

  const file = at('operated.onnx')
  expect((await runCli(['export', at('project'), '--run', b.run, '--out', file])).code).toBe(0)
  const names = fromBinary(ModelProtoSchema, readFileSync(file)).graph!.initializer.map(({ name }) => name)
  expect(names).toEqual(
    expect.arrayContaining([
      'surgery.backbone.backbone.dark3.cbam.channel.fc1.weight',
      'surgery.backbone.C3_p4.eca.conv.weight',
      'surgery.backbone.C3_p4.eca.gain',
    ]),
  )
  // The weights go on into a run of the plain model, and into one with the same blocks.
  const again = await runCli([...common.map((word) => (word === '2' ? '1' : word)), '--weights', file, '--set', surgery, '--json']) // prettier-ignore
  expect((again.json() as { status: string }).status).toBe('done')
})
