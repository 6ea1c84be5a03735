import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema, TensorProto_DataType } from '@shared/engine/onnx/generated/onnx_pb'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { Graph } from '@shared/engine/graph'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { nonMaxSuppression } from '@shared/engine/ops/select'
import { openSession, tensor } from '../../src-worker/runtime/session'
import { need } from '../helpers/need'

const gpu = need('gpu')

/** y = relu(a x b), float32 [2, 3] x [3, 2]: the smallest model that says whether an adapter computes. */
function encodeProductModel(): Uint8Array {
  const value = (name: string, shape: number[]) => ({
    name,
    type: {
      value: {
        case: 'tensorType' as const,
        value: {
          elemType: TensorProto_DataType.FLOAT,
          shape: { dim: shape.map((size) => ({ value: { case: 'dimValue' as const, value: BigInt(size) } })) },
        },
      },
    },
  })
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    producerName: 'tagwright-test',
    graph: {
      name: 'product',
      input: [value('a', [2, 3]), value('b', [3, 2])],
      output: [value('y', [2, 2])],
      node: [
        { opType: 'MatMul', name: 'product', input: ['a', 'b'], output: ['p'] },
        { opType: 'Relu', name: 'relu', input: ['p'], output: ['y'] },
      ],
    },
  })
  return toBinary(ModelProtoSchema, model)
}

gpu.describe('The WebGPU provider', () => {
  test('computes on an adapter, with every node on it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tagwright-gpu-'))
    try {
      const session = await InferenceSession.create(encodeProductModel(), {
        executionProviders: ['webgpu'],
        enableProfiling: true,
        profileFilePrefix: join(folder, 'profile'),
      })
      const { y } = await session.run({
        a: new Tensor('float32', Float32Array.of(1, 2, 3, -1, -2, -3), [2, 3]),
        b: new Tensor('float32', Float32Array.of(1, 0, 0, 1, 1, 1), [3, 2]),
      })
      expect([...(y.data as Float32Array)]).toEqual([4, 5, 0, 0])
      session.endProfiling()
      await session.release()
      const [file] = readdirSync(folder)
      const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
        name: string
        args?: { provider?: string }
      }[]
      const placed = events.filter(({ args }) => args?.provider).map(({ name, args }) => `${name}: ${args!.provider}`)
      expect(placed.filter((line) => /MatMul|product|relu/i.test(line)).length).toBeGreaterThan(0)
      expect(placed.filter((line) => !line.endsWith(': WebGpuExecutionProvider'))).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('is refused, not replaced by the processor, when a driver file is wrong', async () => {
    // A process of its own: the device is made once per process and keeps its driver.
    const { spawnSync } = await import('node:child_process')
    const script = `
      const { InferenceSession } = require('onnxruntime-node')
      InferenceSession.create(new Uint8Array(Buffer.from(process.argv[1], 'base64')), { executionProviders: ['webgpu', 'cpu'] })
        .then(() => console.log('made'), (error) => console.log('refused: ' + error.message))`
    const model = Buffer.from(encodeProductModel()).toString('base64')
    const { stdout } = spawnSync(process.execPath, ['-e', script, model], {
      encoding: 'utf8',
      env: { ...process.env, VK_DRIVER_FILES: '/nowhere/driver.json' },
    })
    expect(stdout).toMatch(/^refused: /)
  })

  test('takes no model with operations that it lacks, unless asked to', async () => {
    const graph = new Graph()
    const boxes = graph.input('boxes', [1, 3, 4])
    graph.output(
      'kept',
      nonMaxSuppression(boxes, graph.input('scores', [1, 1, 3]), { perClass: 3, iou: 0.5, minScore: 0.1, rows: 3 }),
    )
    const model = encodeOnnx(graph)
    await expect(openSession(model, { provider: 'webgpu' })).rejects.toMatchObject({
      code: 'not-on-provider',
      message: expect.stringMatching(/operations that the webgpu provider does not have.*Choose cpu/),
    })
    const session = await openSession(model, { provider: 'webgpu', placement: 'any' })
    const { kept } = await session.run({
      boxes: tensor('float32', Float32Array.of(0, 0, 10, 10, 1, 1, 10, 10, 20, 20, 30, 30), [1, 3, 4]),
      scores: tensor('float32', Float32Array.of(0.5, 0.9, 0.3), [1, 1, 3]),
    })
    expect([...(kept.data as BigInt64Array)].map(Number)).toEqual([0, 0, 1, 0, 0, 2])
    await session.close()
  })
})
