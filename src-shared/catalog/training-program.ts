/** Puts a model and its task's loss together into a training program. */
import { TagwrightError } from '../base/errors'
import type { ModelInput } from '../domain/model-input'
import { type TaskId, defaultModels } from '../domain/task'
import type { Value } from '../engine/graph'
import { add, mul } from '../engine/ops'
import type { OptimizerDef } from '../engine/optimizer'
import { type Program, trainStep } from '../engine/step'
import { frozenNames } from './frozen-names'
import { type ModelDef, channelsOf } from './models/define'
import { tasks } from './tasks'
import type { LossSettings } from './tasks/define'

export interface ProgramOptions {
  model: ModelDef
  params?: Record<string, unknown>
  classes: number
  batch: number
  /** Input height and width in pixels. */
  size: readonly [number, number]
  optimizer: OptimizerDef
  weightDecay: number
  clip?: number
  accumulate?: number
  loss?: LossSettings
  /** What is not trained, as in the recipe: see {@link frozenNames}. */
  freeze?: readonly string[]
  /** Learning-rate groups by name prefix; the first match counts, group 0 is the rest. */
  groups?: readonly { prefix: string }[]
  /** 0: plain NCHW; 8 or 16: the CPU's blocked layout. */
  block: number
}

/** Inputs beside the state: `images` (uint8), those of the task (`TaskDef.feeds`), `lr0`... */
export function trainingProgram(options: ProgramOptions): Program {
  const { model, classes, batch, size, optimizer, weightDecay, freeze = [], groups = [], params = {} } = options
  const task = tasks.get(model.task)
  const program = trainStep({
    build(nn, graph) {
      const pixels = graph.input('images', [batch, channelsOf(model, params), ...size])
      const images = task.pixels === 'planes' ? pixels : normalise(pixels, model.input)
      const output = model.build(nn, images, { classes, params })
      // The number of ground truths is an open dimension; 8 stands in while shapes are inferred.
      return task.loss({ output, graph, batch, rows: 8, classes, settings: options.loss ?? {} })
    },
    optimizer,
    group: (param) => ({
      decay: param.role === 'weight' ? weightDecay : 0,
      lr: groups.findIndex((g) => param.name.startsWith(g.prefix)) + 1,
    }),
    ...(freeze.length ? { frozen: frozenNames(model, params, freeze) } : {}),
    learningRates: groups.length + 1,
    clip: options.clip ?? 0,
    accumulate: options.accumulate ?? 1,
    // Planes are fed as they are; bytes in whatever packing suits the program.
    images: task.pixels === 'planes' ? [] : ['images'],
    block: options.block,
    ...(task.symbolic ? { symbolic: task.symbolic } : {}),
  })
  checkFreeze(freeze, model, program)
  return program
}

/** @throws `bad-recipe` for an entry that freezes nothing: a run that trains all of it is not what was asked for. */
function checkFreeze(freeze: readonly string[], { title }: ModelDef, { params }: Program): void {
  for (const entry of freeze) {
    if (entry.startsWith('before:') || params.some(({ name }) => name.startsWith(entry))) continue
    const parts = [...new Set(params.map(({ name }) => name.split('.')[0]))]
    throw new TagwrightError(
      'bad-recipe',
      `"${entry}" in "freeze" is the beginning of no layer of ${title}. Its layers begin with ${parts.join(', ')}.`,
      { entry, parts },
    )
  }
}

/** Bytes 0..255 as the model wants its pixels: what a loader of float images does, inside the graph. */
export function normalise(bytes: Value, { range, mean, std }: ModelInput): Value {
  const factor = std.map((s) => range / 255 / s)
  const shift = mean.map((m, c) => -m / std[c])
  if (factor.every((f) => f === 1) && shift.every((s) => s === 0)) return bytes
  const column = (values: readonly number[]) => bytes.node.graph.constant([...values], [1, 3, 1, 1])
  return bytes.node.graph.scope('pixels', () => add(mul(bytes, column(factor)), column(shift)))
}

/** @throws `bad-recipe` when the model was made for another task. */
export function checkTask(task: TaskId, id: string, model: ModelDef): void {
  if (model.task === task) return
  throw new TagwrightError(
    'bad-recipe',
    `The model "${id}" is for the task "${model.task}", the recipe for "${task}". Choose a model of that task, e.g. ${defaultModels[task]}.`,
    { model: id, task },
  )
}
