/** Seeded random evaluation cases that hit what is special: ties, shared boxes, crowds, area limits, id 0, full images. */
import { rng } from '@shared/base/rng'
import type { ResultRow, TruthRow } from './coco-files'

export interface RandomCase {
  truths: TruthRow[]
  results: ResultRow[]
  images: number[]
  categories: number[]
}

export function randomCase(seed: number, size = 30): RandomCase {
  const random = rng('coco-case', seed)
  const images = random.shuffle(Array.from({ length: random.int(1, 4) }, (_, i) => i * 7 + 1))
  const categories = random.shuffle(Array.from({ length: random.int(1, 4) }, (_, i) => i * 3 + 1))
  const pick = <T>(list: readonly T[]) => list[random.int(0, list.length - 1)]
  const box = () => {
    const side = () => pick([8, 16, 32, 33.5, 60, 96, 100.25, 200])
    return [random.int(0, 40) * 5, random.int(0, 40) * 5, side(), side()]
  }
  const truths = Array.from({ length: random.int(0, size) }, (_, i): TruthRow => {
    const [x, y, w, h] = box()
    const area = random.chance(0.3) ? pick([1024, 9216, 1024.5, 1e10, 0]) : w * h
    const id = i === 0 && random.chance(0.3) ? 0 : i + 1
    return [pick(images), pick(categories), x, y, w, h, { area, crowd: random.chance(0.15), id }]
  })
  const results = Array.from({ length: random.int(0, size * 3) }, (): ResultRow => {
    const near = truths.length > 0 && random.chance(0.7) ? pick(truths) : null
    const [x, y, w, h] = near ? near.slice(2, 6).map(Number) : box()
    const move = near && random.chance(0.7) ? random.uniform(-0.3, 0.3) * w : 0
    const score = random.chance(0.5) ? random.int(0, 5) / 5 : random.next()
    return [
      near?.[0] ?? pick(images),
      random.chance(0.9) && near ? near[1] : pick(categories),
      x + move,
      y,
      w,
      h,
      score,
    ]
  })
  return { truths, results, images, categories }
}
