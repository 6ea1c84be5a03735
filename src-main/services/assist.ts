import type { assistContract } from '@shared/contract/assist'
import type { ServiceHandlers } from '@shared/contract/rpc'
import type { Assistant } from '../jobs/assistant'

export const createAssistService = (assistant: Assistant): ServiceHandlers<typeof assistContract> => ({
  state: assistant.state,
  start: assistant.start,
  stop: assistant.stop,
  look: ({ samples }) => assistant.look(samples),
})
