import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { TagwrightError } from '@shared/base/errors'

export type Layout = 'nchw' | 'channels_last'

export interface MirrorProof {
  torch: string
  threads: number
  /** Largest relative difference of any single-step loss from its golden value. */
  worstLoss: number
  /** Largest difference of any output, gradient or weight, relative to the largest entry of its tensor. */
  worstTensor: number
  /** True when the second and third step equal the golden values too; false when they lie in their rounding band. */
  threeStepsEqual: boolean
}

type Answer = Record<string, unknown> & { error?: string }

/** The PyTorch mirror as a child process: one JSON line asks, one answers, one at a time. */
export class MirrorClient {
  readonly #child: ChildProcess
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined
  #ended: string | undefined

  constructor(python: string, root: string) {
    this.#child = spawn(python, ['-B', join(root, 'test/bench/yolox_mirror.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child.on('error', (error) => this.#end(error.message))
    this.#child.on('exit', (code, signal) => this.#end(`exit ${signal ?? code}`))
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const waiting = this.#waiting
      this.#waiting = undefined
      waiting?.resolve(JSON.parse(line) as Answer)
    })
  }

  #end(reason: string): void {
    this.#ended = reason
    this.#waiting?.reject(
      new TagwrightError('mirror-ended', `The PyTorch mirror ended (${reason}); its output above says why.`),
    )
    this.#waiting = undefined
  }

  async #ask(request: Record<string, unknown>): Promise<Answer> {
    if (this.#ended)
      throw new TagwrightError('mirror-ended', `The PyTorch mirror ended (${this.#ended}); start it again.`)
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#child.stdin!.write(`${JSON.stringify(request)}\n`)
    })
    if (answer.error)
      throw new TagwrightError('mirror-refused', `The PyTorch mirror refuses "${request.cmd}": ${answer.error}`)
    return answer
  }

  /** Proves the mirror against the golden values in this very process; nothing can be timed before. */
  async prove(golden: string, threads: number): Promise<MirrorProof> {
    const hello = await this.#ask({ cmd: 'hello', threads })
    return {
      ...hello,
      ...(await this.#ask({ cmd: 'check', golden: join(golden, 'yolox_nano') })),
    } as unknown as MirrorProof
  }

  /** Sets the batch all steps use: targets per image as rows of class, cx, cy, w, h in pixels. */
  async setBatch(size: number, classes: number, targets: number[][][]): Promise<void> {
    await this.#ask({ cmd: 'batch', size, classes, targets })
  }

  /** Seconds of each of `steps` whole training steps. */
  async step(model: string, layout: Layout, steps: number): Promise<number[]> {
    return (await this.#ask({ cmd: 'step', model, layout, steps })).seconds as number[]
  }

  async forget(): Promise<void> {
    await this.#ask({ cmd: 'forget' })
  }

  close(): void {
    this.#child.stdin!.end()
  }
}
