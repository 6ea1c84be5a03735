/** What is said of an exported file: equal where it must be, its cost where precision was given away. */
import { describe, expect, test } from 'vitest'
import { exportReportSchema } from '@shared/contract/worker'
import { exportText } from '../../../src-main/entry/cli/model-commands'

const say = (
  parity: { ok: boolean; maxBoxError?: number; maxScoreError?: number },
  half: { apFull: number; apHalf: number } | null = null,
) =>
  exportText(
    exportReportSchema.parse({
      file: 'a.onnx',
      bytes: 1000,
      opset: 17,
      input: [1, 3, 128, 128],
      output: [1, 336, 8],
      parity: { images: 16, maxBoxError: 0.001, maxScoreError: 0.00001, maxError: 1, ...parity },
      half,
    }),
  ).slice(1)

describe('exportText', () => {
  test('single precision is equal or not', () => {
    const parity = 'Parity on 16 images: boxes within 0.0010 px, scores within 0.000010'
    expect(say({ ok: true })).toEqual([`${parity}: equal.`])
    expect(say({ ok: false })).toEqual([`${parity}: NOT equal.`])
  })

  test('half precision is judged by what it costs', () => {
    const apart = { ok: true, maxBoxError: 41.5, maxScoreError: 0.031 }
    const parity = 'Parity on 16 images: boxes within 42 px, scores within 0.031.'
    expect(say(apart, { apFull: 0.406, apHalf: 0.402 })).toEqual([
      parity,
      'Half precision: AP 0.406 becomes 0.402: nothing is lost beyond 0.01.',
    ])
    expect(say({ ...apart, ok: false }, { apFull: 0.406, apHalf: 0.39 })).toEqual([
      parity,
      'Half precision: AP 0.406 becomes 0.390, a loss of more than 0.01. Export without --half where that counts.',
    ])
  })

  test('where nothing can be measured the differences count', () => {
    expect(say({ ok: false, maxScoreError: 0.031 }, { apFull: -1, apHalf: -1 })).toEqual([
      'Parity on 16 images: boxes within 0.0010 px, scores within 0.031: NOT equal.',
      'Half precision: no image of the evaluation split says what it costs.',
    ])
  })
})
