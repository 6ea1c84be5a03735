/** `npm run bench -- profile --models yolox-nano`: where a training step's time goes, by op and by part of the model. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rng } from '@shared/base/rng'
import { createEngineTrainer } from './engine-trainer'
import { type BenchContext, readOption } from './context'

interface Event {
  cat: string
  name: string
  dur: number
  args?: { op_name?: string; provider?: string; output_type_shape?: unknown }
}

export async function run({ args }: BenchContext): Promise<void> {
  const model = readOption(args, 'models', 'yolox-nano')
  const steps = Number(readOption(args, 'steps', '6'))
  const [size, batch, classes] = [320, 8, 80]
  const folder = mkdtempSync(join(tmpdir(), 'tagwright-profile-'))
  const threads = Number(readOption(args, 'threads', '0'))
  const trainer = await createEngineTrainer({
    model,
    classes,
    size,
    batch,
    maxObjects: 20,
    provider: readOption(args, 'provider', 'cpu'),
    threads,
    profile: join(folder, 'p'),
  })
  const random = rng(0)
  const images = Float32Array.from({ length: batch * 3 * size * size }, () => random.int(0, 255))
  const targets = new Float32Array(batch * 20 * 5)
  for (let i = 0; i < batch * 10; i++)
    targets.set(
      [i % classes, random.uniform(60, 260), random.uniform(60, 260), random.uniform(20, 100), random.uniform(20, 100)],
      (Math.floor(i / 10) * 20 + (i % 10)) * 5,
    )
  const wall: number[] = []
  for (let i = 0; i < steps; i++) {
    const start = performance.now()
    await trainer.step(images, targets)
    wall.push(performance.now() - start)
  }
  await trainer.dispose()
  const events = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]), 'utf8')) as Event[]
  rmSync(folder, { recursive: true })
  const kernels = events.filter((e) => e.cat === 'Node' && e.name.endsWith('_kernel_time'))
  const table = (key: (e: Event) => string) => {
    const sums = new Map<string, { ms: number; n: number }>()
    for (const e of kernels) {
      const row = sums.get(key(e)) ?? { ms: 0, n: 0 }
      row.ms += e.dur / 1000 / steps
      row.n += 1 / steps
      sums.set(key(e), row)
    }
    return [...sums].sort((a, b) => b[1].ms - a[1].ms)
  }
  const total = kernels.reduce((s, e) => s + e.dur, 0) / 1000 / steps
  console.log(
    `${model}: step ${wall.map((w) => w.toFixed(0)).join(' ')} ms; kernels ${total.toFixed(1)} ms, ${(kernels.length / steps).toFixed(0)} nodes`,
  )
  for (const [op, { ms, n }] of table((e) => e.args?.op_name ?? '?').slice(0, 22))
    console.log(ms.toFixed(2).padStart(8), n.toFixed(0).padStart(6), op)
  console.log('by part')
  const part = (e: Event) => e.name.split('/').slice(1, 4).join('/') + (e.name.includes('.grad') ? ' grad' : '')
  for (const [name, { ms, n }] of table(part).slice(0, 30))
    console.log(ms.toFixed(2).padStart(8), n.toFixed(0).padStart(6), name)
}
