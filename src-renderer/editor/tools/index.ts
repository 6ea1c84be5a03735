/** Every tool by its id. */
import type { ToolId } from '../api'
import { boxTool } from './box'
import { brushTool } from './brush'
import { keypointsTool } from './keypoints'
import { panTool } from './pan'
import { pointTool } from './point'
import { polygonTool } from './polygon'
import { rotatedBoxTool } from './rotated-box'
import { selectTool } from './select'
import { tagTool } from './tag'
import type { MakeTool, Tool, ToolContext } from './tool'

const tools: Record<ToolId, MakeTool> = {
  select: selectTool,
  pan: panTool,
  box: boxTool,
  'rotated-box': rotatedBoxTool,
  polygon: polygonTool,
  brush: brushTool,
  keypoints: keypointsTool,
  point: pointTool,
  tag: tagTool,
}

export const makeTool = (id: ToolId, context: ToolContext): Tool => tools[id](context)
