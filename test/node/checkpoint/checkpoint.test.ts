/** Checkpoints: exact round trip, atomic, and one clear error for every way in which a file can be wrong. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { yoloxInput } from '@shared/domain/model-input'
import {
  readCheckpoint,
  readCheckpointMeta,
  writeCheckpoint,
  type Checkpoint,
} from '../../../src-worker/train/checkpoint'

let dir: string
let file: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tagwright-ckpt-'))
  file = join(dir, 'last.ckpt')
  return () => rmSync(dir, { recursive: true })
})

const name = 'backbone.backbone.stem.conv.conv.weight'
const weights = () => new Map([[name, Float32Array.of(1.5, -0, NaN, Infinity, 1e-45, 3.4e38)]])
const checkpoint = (): Checkpoint => ({
  meta: {
    step: 12,
    epoch: 3,
    rng: { seed: 7, drawn: [1, 2] },
    recipeHash: '0123',
    bestScore: 0.25,
    task: 'detect',
    model: 'yolox-nano',
    modelParams: {},
    labels: [{ name: 'Fischkutter "Möwe" 漁船', cocoId: 1, color: '#0072b2' }],
    input: yoloxInput,
    size: [320, 320],
    emaUpdates: 12,
    loop: { waited: 2 },
  },
  param: weights(),
  ema: new Map([...weights(), ['backbone.bn.running_mean', Float32Array.of(4)]]),
  bn: new Map([['backbone.bn.running_mean', Float32Array.of(5)]]),
  optim: new Map([['velocity', weights()]]),
  shapes: new Map([
    [name, [1, 2, 3]],
    ['backbone.bn.running_mean', [1]],
  ]),
})

describe('a checkpoint', () => {
  test('comes back bit for bit, in safetensors layout', async () => {
    await writeCheckpoint(file, checkpoint())
    const got = await readCheckpoint(file)
    expect(got).toEqual(checkpoint())
    expect(Object.is(got.param.get(name)![1], -0)).toBe(true)
    expect(await readCheckpointMeta(file)).toEqual(checkpoint().meta)
    const bytes = readFileSync(file)
    const length = Number(bytes.readBigUInt64LE())
    expect(length % 8).toBe(0)
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length))
    expect(header[`optim/velocity/${name}`]).toEqual({ dtype: 'F32', shape: [1, 2, 3], data_offsets: [52, 76] })
    expect(Object.values(header.__metadata__).every((value) => typeof value === 'string')).toBe(true)
    expect(readdirSync(dir)).toEqual(['last.ckpt'])
  })

  test('a failed write leaves the old file', async () => {
    await writeCheckpoint(file, checkpoint())
    const before = readFileSync(file)
    const wrong = { ...checkpoint(), shapes: new Map([[name, [9]]]) }
    await expect(writeCheckpoint(file, wrong)).rejects.toMatchObject({ code: 'bad-checkpoint' })
    await expect(writeCheckpoint(join(dir, 'absent', 'a.ckpt'), checkpoint())).rejects.toMatchObject({
      code: 'not-writable',
    })
    expect(readFileSync(file)).toEqual(before)
    expect(readdirSync(dir)).toEqual(['last.ckpt'])
  })

  test('truncated anywhere is refused', async () => {
    await writeCheckpoint(file, checkpoint())
    const { length } = readFileSync(file)
    for (const at of [length - 1, length - 40, 300, 9, 8, 5, 1, 0]) {
      truncateSync(file, at)
      await expect(readCheckpoint(file), `${at} bytes`).rejects.toMatchObject({ code: 'bad-checkpoint' })
    }
  })
})

describe('a file that is no checkpoint', () => {
  const write = (header: unknown, data = Buffer.alloc(0)) => {
    const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
    const head = Buffer.alloc(8)
    head.writeBigUInt64LE(BigInt(text.length))
    writeFileSync(file, Buffer.concat([head, text, data]))
  }
  const f32 = (shape: number[], from: number, to: number) => ({ dtype: 'F32', shape, data_offsets: [from, to] })
  const cases: [string, () => void, RegExp][] = [
    ['a PyTorch file', () => writeFileSync(file, 'PK\x03\x04 archive/data.pkl'), /PyTorch or zip/],
    ['text', () => writeFileSync(file, 'hello, this is text'), /not in safetensors layout/],
    ['a header that is no JSON', () => write('{"a": '), /not JSON/],
    ['a header that is a list', () => write([1]), /not an object/],
    ['a foreign safetensors file', () => write({ 'model.weight': f32([1], 0, 4) }, Buffer.alloc(4)), /another program/],
    ['overlapping tensors', () => write({ a: f32([1], 0, 4), b: f32([1], 2, 6) }, Buffer.alloc(6)), /overlap/],
    ['a hole', () => write({ a: f32([1], 4, 8) }, Buffer.alloc(8)), /hole/],
    ['a wrong size', () => write({ a: f32([3], 0, 4) }, Buffer.alloc(4)), /4 bytes and the shape/],
    ['an absurd size', () => write({ a: f32([2 ** 40, 2 ** 40], 0, 4) }, Buffer.alloc(4)), /bytes and the shape/],
    ['too little data', () => write({ a: f32([1000], 0, 4000) }, Buffer.alloc(4)), /cut off/],
    ['bytes behind', () => write({ a: f32([1], 0, 4) }, Buffer.alloc(9)), /follow its last/],
    ['negative offsets', () => write({ a: f32([1], -4, 0) }, Buffer.alloc(4)), /malformed/],
    ['another dtype', () => write({ a: { ...f32([1], 0, 4), dtype: 'I32' } }, Buffer.alloc(4)), /I32/],
    [
      'a newer version',
      () => write({ __metadata__: { format: 'tagwright-checkpoint', version: '2' } }),
      /newer version/,
    ],
    [
      'metadata without a step',
      () => write({ __metadata__: { format: 'tagwright-checkpoint', version: '1' } }),
      /"step"/,
    ],
  ]
  test.each(cases)('%s is refused with its reason', async (_, make, reason) => {
    make()
    const error = await readCheckpoint(file).catch((e: Error) => e)
    expect(error).toMatchObject({ code: 'bad-checkpoint' })
    expect((error as Error).message).toMatch(reason)
  })

  test('an absent one is named', async () => {
    await expect(readCheckpoint(join(dir, 'no.ckpt'))).rejects.toMatchObject({ code: 'not-found' })
  })

  test('random bytes give one error code', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        writeFileSync(file, bytes)
        await expect(readCheckpoint(file)).rejects.toMatchObject({ code: 'bad-checkpoint' })
      }),
      { numRuns: 200 },
    )
  })
})
