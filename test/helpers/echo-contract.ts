/** A small contract with every behaviour that the kernel must carry, served over each wire in the tests. */
import { z } from 'zod'
import { TagwrightError } from '@shared/base/errors'
import { createHub, defineContract, noInput, noOutput, type Handlers, type Hub } from '@shared/contract/rpc'

export const echoContracts = {
  echo: defineContract({
    methods: {
      say: {
        input: z.object({ text: z.string(), times: z.int().min(1).default(1) }),
        output: z.object({ text: z.string() }),
      },
      fail: { input: z.object({ kind: z.enum(['known', 'unknown', 'bad-output']) }), output: z.object({ n: z.int() }) },
      /** Answers only when aborted. */
      hang: { input: noInput, output: noOutput },
      /** Answers when aborted. */
      finish: { input: noInput, output: z.object({ text: z.string() }) },
      aborted: { input: noInput, output: z.object({ count: z.int() }) },
      /** Ends the process without a word. */
      die: { input: noInput, output: noOutput },
      tick: { input: z.object({ count: z.int() }), output: noOutput },
      who: { input: noInput, output: z.object({ id: z.string() }) },
    },
    events: { ticked: z.object({ n: z.int() }), silent: z.object({}) },
  }),
}

export function echoHandlers(hub: Hub<typeof echoContracts>, die: () => void): Handlers<typeof echoContracts> {
  let aborted = 0
  return {
    echo: {
      say: ({ text, times }) => ({ text: text.repeat(times) }),
      fail({ kind }) {
        if (kind === 'known') throw new TagwrightError('no-luck', 'There is 0 luck. Try tomorrow.', { luck: 0 })
        if (kind === 'unknown') throw new TypeError('x is not a function')
        return { n: 0.5 }
      },
      hang: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted++
            reject(signal.reason)
          })
        }),
      finish: (_, { signal }) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve({ text: 'finished properly' }))),
      aborted: () => ({ count: aborted }),
      die,
      tick({ count }) {
        for (let n = 0; n < count; n++) hub.emit('echo.ticked', { n })
      },
      who: (_, { client }) => ({ id: client.id }),
    },
  }
}

export const echoHub = () => createHub(echoContracts)
