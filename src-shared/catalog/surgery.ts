/**
 * Model surgery: blocks put after stages of a model, `model.surgery: [{ id: 'eca', after: 'dark3' }]`. A stage is any
 * named part of a model that gives a feature map. All other weights keep their names, so that they still load; those of
 * a block are named `surgery.<stage>.<block>...`, whatever the stage is called, so that one prefix freezes the model and
 * trains the blocks, or gives them a learning rate of their own.
 */
import { nearest } from '../base/registry'
import { TagwrightError } from '../base/errors'
import { Graph, type Shape, type Value } from '../engine/graph'
import { Nn } from '../engine/nn'
import { blocks } from './blocks'
import type { Block } from './define-block'
import { type ModelDef, channelsOf } from './models/define'

/** One entry of the recipe's list; further keys are the block's parameters. */
export interface SurgeryEdit {
  /** Block of the catalog. */
  id: string
  /** Stage: its full name, or as much of its end as no other stage has. */
  after: string
  /** Stage whose map is the second input of blocks that take one; it must be computed before. */
  context?: string | undefined
  [param: string]: unknown
}

export interface Stage {
  name: string
  channels: number
  /** Pixels of the image per cell. */
  stride: number
  /** Not part of another stage, and no mere prediction: what a list offers first. */
  outer: boolean
}

interface Placed {
  stage: string
  scope: string
  block: Block
  params: Record<string, unknown>
  context: string | null
}

/** The prefix of all parameters that surgery adds. */
export const SURGERY = 'surgery'

/** Stages of a model in the order of computation. @param params settings of the model. */
export function modelStages(model: ModelDef, params: Record<string, unknown> = {}): Stage[] {
  return stageShapes(model, params).stages
}

function stageShapes(
  model: ModelDef,
  params: Record<string, unknown>,
): { stages: Stage[]; shapes: Map<string, Shape> } {
  const graph = new Graph()
  const nn = new Nn(graph, false)
  const side = 2 * model.stride
  const found = new Map<string, Value>()
  nn.onStage = (name, map) => {
    found.set(name, map)
    return map
  }
  model.build(nn, graph.input('images', [1, channelsOf(model, params), side, side]), { classes: 2, params })
  const names = [...found.keys()]
  const stages = names.map((name) => {
    const { shape, node } = found.get(name)!
    const inner = names.some((other) => name.startsWith(`${other}.`))
    return { name, channels: shape[1], stride: side / shape[2], outer: !inner && node.op.name !== 'Conv' }
  })
  return { stages, shapes: new Map(names.map((name) => [name, found.get(name)!.shape])) }
}

/**
 * The model with blocks put in.
 * @throws `bad-recipe` when a stage, a block or a parameter is not known, or a block does not fit where it shall go.
 */
export function withSurgery(model: ModelDef, params: Record<string, unknown>, edits: readonly SurgeryEdit[]): ModelDef {
  if (edits.length === 0) return model
  const placed = place(model, params, edits)
  return {
    ...model,
    base: model,
    build(nn, images, options) {
      const maps = new Map<string, Value>()
      nn.onStage = (name, map) => {
        const changed = placed
          .filter(({ stage }) => stage === name)
          .reduce((x, one) => put(nn, one, x, one.context === null ? undefined : maps.get(one.context)), map)
        maps.set(name, changed)
        return changed
      }
      try {
        return model.build(nn, images, options)
      } finally {
        nn.onStage = null
      }
    },
  }
}

const put = (nn: Nn, { scope, block, params }: Placed, x: Value, context: Value | undefined): Value =>
  nn.apart(scope, () => nn.graph.scope(scope, () => block.build(nn, x, params, { identity: true, context })))

function place(model: ModelDef, params: Record<string, unknown>, edits: readonly SurgeryEdit[]): Placed[] {
  const { stages, shapes } = stageShapes(model, params)
  const placed: Placed[] = []
  for (const { id, after, context, ...rest } of edits) {
    const block = blocks.get(id)
    const stage = findStage(model, stages, after)
    const scope = `${SURGERY}.${stage}.${id}`
    if (placed.some((one) => one.scope === scope))
      throw new TagwrightError('bad-recipe', `"${id}" is put after "${stage}" twice. Leave one of the two out.`, {
        id,
        stage,
      })
    const one: Placed = { stage, scope, block, params: parse(id, block, rest), context: null }
    if (context !== undefined) {
      if (!block.context) throw new TagwrightError('bad-recipe', `"${id}" takes no context. Leave the key out.`, { id })
      one.context = findStage(model, stages, context)
      const order = stages.map(({ name }) => name)
      if (order.indexOf(one.context) >= order.indexOf(stage))
        throw new TagwrightError(
          'bad-recipe',
          `The context "${one.context}" is computed after "${stage}". Choose a stage that lies before it.`,
          { id, stage, context: one.context },
        )
    }
    tryOut(id, one, shapes)
    placed.push(one)
  }
  return placed
}

function findStage(model: ModelDef, stages: readonly Stage[], wanted: string): string {
  const names = stages.map(({ name }) => name)
  if (names.includes(wanted)) return wanted
  const ends = names.filter((name) => name.endsWith(`.${wanted}`))
  if (ends.length === 1) return ends[0]
  const offered = stages.filter(({ outer }) => outer).map(({ name }) => name)
  if (ends.length > 1)
    throw new TagwrightError(
      'bad-recipe',
      `"${wanted}" is the end of ${ends.length} stages of ${model.title}: ${ends.slice(0, 4).join(', ')}. Write more of the one that is meant.`,
      { stage: wanted, known: ends },
    )
  const last = (name: string) => name.split('.').at(-1)!
  const close = nearest(wanted, offered) ?? nearest(wanted, offered.map(last))
  throw new TagwrightError(
    'bad-recipe',
    stages.length
      ? `${model.title} has no stage "${wanted}".${close ? ` Did you mean "${close}"?` : ''} Known: ${offered.join(', ')}.`
      : `${model.title} has no named stages, so nothing can be put after "${wanted}". Choose a model of the catalog.`,
    { stage: wanted, known: offered },
  )
}

function parse(id: string, block: Block, params: Record<string, unknown>): Record<string, unknown> {
  const result = block.params.safeParse(params)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const at = issue.path.length ? `"${issue.path.join('.')}"` : 'parameters'
  const known = Object.keys(block.params.parse({}))
  throw new TagwrightError(
    'bad-recipe',
    `Block "${id}", ${at}: ${issue.message}. Its parameters: ${known.join(', ')}.`,
    { id, known },
  )
}

/** Builds the block alone where it shall go, so that what does not fit is known before a run starts. */
function tryOut(id: string, { block, params, stage, context }: Placed, shapes: ReadonlyMap<string, Shape>): void {
  const graph = new Graph()
  const other = context === null ? undefined : graph.input('context', shapes.get(context)!)
  const x = graph.input('x', shapes.get(stage)!)
  try {
    block.build(new Nn(graph, false), x, params, { identity: true, context: other })
  } catch (error) {
    throw new TagwrightError(
      'bad-recipe',
      `"${id}" cannot go after "${stage}": ${(error as Error).message.replace(/\.$/, '')}. Change its parameters or choose another stage.`,
      { id, stage },
      { cause: error },
    )
  }
}
