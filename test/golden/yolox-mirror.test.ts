import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { MirrorClient } from '../bench/mirror-client'
import { need } from '../helpers/need'

const root = resolve(import.meta.dirname, '../..')
const golden = need('golden')
const torch = need('torch')
const here = golden.available ? torch : golden

here.describe('The PyTorch mirror of the benchmark', () => {
  let client: MirrorClient | undefined
  let folder: string | undefined

  afterEach(() => {
    client?.close()
    if (folder) rmSync(folder, { recursive: true })
    folder = undefined
  })

  test('times nothing before it is proven', async () => {
    client = new MirrorClient(torch.path, root)
    await client.setBatch(64, 3, [[[0, 32, 32, 20, 20]], []])
    await expect(client.step('yolox-nano', 'nchw', 1)).rejects.toMatchObject({
      code: 'mirror-refused',
      message: expect.stringContaining('nothing is timed before check has passed'),
    })
  })

  test('reproduces the golden losses in both layouts, then times whole steps', async () => {
    client = new MirrorClient(torch.path, root)
    const proof = await client.prove(golden.path, 2)
    expect(proof.worstLoss).toBeLessThan(1e-4)
    expect(proof.worstTensor).toBeLessThan(1e-3)
    await client.setBatch(64, 3, [[[0, 32, 32, 20, 20]], []])
    for (const layout of ['nchw', 'channels_last'] as const) {
      const seconds = await client.step('yolox-nano', layout, 2)
      expect(seconds).toHaveLength(2)
      expect(Math.min(...seconds)).toBeGreaterThan(0)
    }
  }, 300_000)

  test('refuses golden values it does not reproduce', async () => {
    folder = mkdtempSync(join(tmpdir(), 'tagwright-golden-'))
    const copy = join(folder, 'yolox_nano')
    mkdirSync(copy)
    copyFileSync(join(golden.path, 'yolox_nano/tensors.bin'), join(copy, 'tensors.bin'))
    const manifest = JSON.parse(readFileSync(join(golden.path, 'yolox_nano/manifest.json'), 'utf8'))
    manifest.scalars.l1.l1_loss *= 1.0005
    writeFileSync(join(copy, 'manifest.json'), JSON.stringify(manifest))
    client = new MirrorClient(torch.path, root)
    await expect(client.prove(folder, 2)).rejects.toMatchObject({
      code: 'mirror-refused',
      message: expect.stringContaining('l1_loss'),
    })
    await client.setBatch(64, 3, [[]])
    await expect(client.step('yolox-nano', 'nchw', 1)).rejects.toMatchObject({ code: 'mirror-refused' })
  }, 120_000)
})
