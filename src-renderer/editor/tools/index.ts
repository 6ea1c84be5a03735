/** Every tool by its id. */
import type { ToolId } from '../api'
import { boxTool } from './box'
import { panTool } from './pan'
import { selectTool } from './select'
import type { MakeTool, Tool, ToolContext } from './tool'

const tools: Partial<Record<ToolId, MakeTool>> = {
  select: selectTool,
  pan: panTool,
  box: boxTool,
}

export const makeTool = (id: ToolId, context: ToolContext): Tool => (tools[id] ?? selectTool)(context)
