/** train, resume, runs. */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { parse as parseYaml } from 'yaml'
import { TagwrightError } from '@shared/base/errors'
import { shellWord } from '@shared/base/shell-word'
import type { WeightsScore } from '@shared/contract/runs'
import { abRecipes } from '@shared/domain/ab-recipes'
import { parseRecipe, providerSchema } from '@shared/domain/recipe'
import { scoreNumbers, scoreTitle } from '@shared/domain/score'
import { splitSchema } from '@shared/domain/split'
import { taskIds } from '@shared/domain/task'
import { setRecipeKey } from '@shared/domain/recipe-key'
import { withProject, type Api, type CliContext } from './context'
import { autoOr, defineCommand, integer, listOf, oneOf } from './define-command'
import { followJob } from './follow-job'
import { duration, score, scoreText, table } from './text'

export const runCommands = (cli: CliContext): Command[] => [train(cli), resume(cli), runs(cli)]

interface TrainOptions {
  task?: string
  model?: string
  features?: string[]
  weights?: string
  size?: number
  freeze?: string[]
  epochs?: number | 'auto'
  batch?: number | 'auto'
  provider?: string
  seed?: number
  recipe?: string
  set?: string[]
  trainSplits?: string[]
  evalSplit?: string
  name?: string
  ab?: boolean
}

const names = (text: string): string[] => listOf(String)(text).filter(Boolean)

const train = (cli: CliContext) =>
  defineCommand('train <project> [options]', 'Train a model on the project.', [
    'train harbour',
    'train harbour --model yolox-s --size 416 --epochs 100 --provider webgpu',
    'train harbour --recipe mine.yaml --set optimizer.lr=0.002 --set patience=10 --name slow',
    'train harbour --weights yolox-nano         (fine-tune what others trained; first: weights get yolox-nano)',
    'train harbour --weights mine.onnx',
    'train harbour --weights yolox-nano --freeze backbone.backbone   (neck and head alone: a first model sooner)',
    'train plants --model mobilenet.onnx --freeze trunk     (classes: a new head on any network)',
    'train harbour --set \'model.surgery=[{"id":"eca","after":"dark4"}]\' --ab   (what does the block bring?)',
    'train harbour --weights r1                 (start from the weights of run r1)',
  ])
    .argument('<project>', 'project folder')
    .option('--task <task>', `${taskIds.join(', ')} (default: the project's)`, oneOf(...taskIds))
    .option('--model <id>', 'of the catalog, or an ONNX file: that network under a new head (default yolox-nano)')
    .option('--features <list>', 'with an ONNX file: values or nodes that the new head stands on, comma between', names)
    .option(
      '--weights <what>',
      'start from an ONNX file, a checkpoint of this product, a run (id, name or latest), or kept weights (see "weights list")',
    )
    .option(
      '--freeze <list>',
      'layers that stay as they are, comma between, by the beginnings of their names: backbone, or trunk with an ONNX file as the model; backbone@3 for three epochs',
      names,
    )
    .option(
      '--size <px>',
      'side of the square input, a multiple of 32 (default 320; classes: by the images)',
      integer(32),
    )
    .option('--epochs <n>', 'number of epochs, or auto', autoOr(integer(1)))
    .option('--batch <n>', 'images a step, or auto', autoOr(integer(1)))
    .option('--provider <id>', providerSchema.options.join(', '), oneOf(...providerSchema.options))
    .option('--seed <n>', 'seed of everything random (default 0)', integer(0))
    .option('--recipe <file>', 'recipe in YAML or JSON; options given here go before its keys')
    .option('--set <key=value...>', 'recipe keys, e.g. optimizer.lr=0.002 epochs=40; may be repeated')
    .option(
      '--train-splits <list>',
      'splits to train on, comma between (default train)',
      listOf(oneOf(...splitSchema.options)),
    ) // prettier-ignore
    .option(
      '--eval-split <split>',
      'split to evaluate on after each epoch (default val)',
      oneOf(...splitSchema.options),
    ) // prettier-ignore
    .option('--name <name>', 'name of the run (default: its id)')
    .option('--ab', 'train twice with one seed, without and with model.surgery, and compare')
    .action(async (folder: string, options: TrainOptions, command: Command) => {
      const recipe = buildRecipe(options)
      if (options.ab) return compareSurgery(cli, command, folder, recipe, options.name)
      const name = options.name ? { name: options.name } : {}
      await follow(cli, command, folder, async (api) => {
        const started = await api.runs.start({ recipe, ...name })
        await tellFindings(cli, api, recipe)
        // What was left open is said with its reason; the run knows the weights that a name stands for.
        if (((recipe.epochs as unknown) ?? 'auto') === 'auto') {
          const { images, text } = await api.training.advise({ recipe })
          if (images > 0) cli.note(text)
        }
        return started
      })
    })

/** What the data lacks for a training, so that nobody finds out by its scores. */
async function tellFindings(cli: CliContext, api: Api, recipe: Record<string, unknown>): Promise<void> {
  const { data } = parseRecipe((await api.training.check({ recipe })).recipe)
  const { findings } = await api.training.health(data)
  for (const { level, message, advice } of findings)
    if (level !== 'advice') cli.note(`${level === 'problem' ? 'Problem' : 'Note'}: ${message} ${advice}`)
}

const resume = (cli: CliContext) =>
  defineCommand('resume <project> <run> [options]', 'Continue an interrupted, failed or cancelled run.', [
    'resume harbour latest',
    'resume harbour r3',
  ])
    .argument('<project>', 'project folder')
    .argument('<run>', 'id, name, or latest')
    .action((folder: string, run: string, _: unknown, command: Command) =>
      follow(cli, command, folder, (api) => api.runs.resume({ run })),
    )

/** Starts or continues a run and tells its end; the answer is INTERFACES' `train --json`. */
async function follow(
  cli: CliContext,
  command: Command,
  folder: string,
  start: (api: Api) => Promise<{ run: string; job: number }>,
): Promise<void> {
  const run = await withProject(cli, folder, (api) => trainAndFollow(cli, api, folder, () => start(api)))
  const { id, status, best, last, seconds, imagesPerSecond, dataWait } = run
  cli.answer(command, { run: id, status, best, last, seconds, imagesPerSecond, dataWait }, () => [
    `Run ${run.name === id ? id : `${id} (${run.name})`} is ${status} after ${duration(seconds ?? 0)}, ${imagesPerSecond?.toFixed(1) ?? '-'} images a second.`,
    ...(best
      ? [
          `Best: ${scoreText(best)} in epoch ${best.epoch}.`,
          ...averageLines(run.averages),
          `Next: tagwright eval ${shellWord(folder)} --run ${id}`,
        ]
      : [
          'No epoch was evaluated: no image to measure on was left beside those that were learned from.',
          `Next: tagwright split ${shellWord(folder)} --all, then train again; or measure on another split: tagwright eval ${shellWord(folder)} --run ${id} --split train`,
        ]),
  ])
}

/** A run without the recipe's surgery, one with it, and the difference of their best scores. */
async function compareSurgery(
  cli: CliContext,
  command: Command,
  folder: string,
  recipe: Record<string, unknown>,
  name: string | undefined,
): Promise<void> {
  const recipes = abRecipes(recipe)
  const [a, b] = await withProject(cli, folder, async (api) => {
    const ends = []
    for (const [key, words] of [
      ['a', 'without blocks'],
      ['b', 'with blocks'],
    ] as const)
      // prettier-ignore
      ends.push(
        await trainAndFollow(cli, api, folder, () =>
          api.runs.start({ recipe: recipes[key], ...(name ? { name: `${name} ${words}` } : {}) }),
        ),
      )
    return ends
  })
  const numbers = (run: typeof a): Record<string, number> => Object.fromEntries(run.best ? scoreNumbers(run.best) : [])
  const difference = Object.fromEntries(
    Object.entries(numbers(b)).flatMap(([key, value]) => (key in numbers(a) ? [[key, value - numbers(a)[key]]] : [])),
  )
  const short = ({ id, status, best, last, seconds }: typeof a) => ({ run: id, status, best, last, seconds })
  cli.answer(command, { a: short(a), b: short(b), difference }, () => [
    `Without blocks, run ${a.id}: ${a.best ? scoreText(a.best) : 'no epoch was evaluated'}.`,
    `With blocks, run ${b.id}: ${b.best ? scoreText(b.best) : 'no epoch was evaluated'}.`,
    `Difference: ${Object.entries(difference).map(([key, value]) => `${key} ${value < 0 ? '-' : '+'}${score(Math.abs(value))}`).join(', ') || 'unknown'}. One seed: small differences are chance.`, // prettier-ignore
  ])
}

/** How the averages of the weights compare; nothing to say without them. */
function averageLines(averages: readonly WeightsScore[]): string[] {
  if (averages.length < 2) return []
  const titles = { best: 'best epoch of the moving average', ema: 'moving average', last: 'last weights', swa: 'stochastic average' } // prettier-ignore
  return [
    'On the evaluation split:',
    ...averages.map(({ weights, score: { epoch, step: _, ...numbers } }) => {
      const values = Object.entries(numbers).map(([name, value]) => `${name} ${score(value)}`)
      return `  ${titles[weights].padEnd(33)} ${values.join('  ')}  (epoch ${epoch})`
    }),
  ]
}

/** The run's end as `runs.get` gives it. A terminal sees a bar, everyone a line an evaluated epoch on stderr. */
export async function trainAndFollow(
  cli: CliContext,
  api: Api,
  folder: string,
  start: () => Promise<{ run: string; job: number }>,
) {
  let id: string | null = null
  let told = -1
  const tell = async (run: string) => {
    if (run !== id) return
    const { last, epochs } = await api.runs.get({ run })
    if (!last || last.step <= told || cli.signal.aborted) return
    told = last.step
    cli.note(`epoch ${Math.round(epochs)}: ${scoreText(last, '  ')}`)
  }
  let job: number | null = null
  // What the job tells before its number is known here.
  const early: { job: number; message: string }[] = []
  const stops = [
    api.runs.on('changed', ({ run }) => void tell(run).catch(() => {})),
    // What was chosen where something was left open: splits, start weights, when it ends.
    api.jobs.on('log', (event) => {
      if (event.level !== 'info') return
      if (job === null) early.push(event)
      else if (event.job === job) cli.note(event.message)
    }),
  ]
  try {
    await followJob(cli, api, async () => {
      const started = await start()
      id = started.run
      job = started.job
      for (const { message } of early.filter((event) => event.job === job)) cli.note(message)
      cli.note(
        `Run ${id} is training; Ctrl-C stops it after the step, "tagwright resume ${shellWord(folder)} ${id}" goes on.`,
      )
      return started
    })
  } finally {
    for (const stop of stops) stop()
  }
  return api.runs.get({ run: id! })
}

const runs = (cli: CliContext) =>
  defineCommand('runs <project> [options]', 'List the runs of a project.', ['runs harbour', 'runs harbour --json'])
    .argument('<project>', 'project folder')
    .action(async (folder: string, _: unknown, command: Command) => {
      const { runs } = await withProject(cli, folder, (api) => api.runs.list())
      const scored = runs.flatMap(({ best }) => (best ? scoreNumbers(best).map(([name]) => name) : []))
      const names = scored.length > 0 ? [...new Set(scored)] : ['AP', 'AP50']
      cli.answer(command, { runs }, () =>
        runs.length === 0
          ? `There is no run yet. Start one: tagwright train ${shellWord(folder)}`
          : table(
              ['run', 'name', 'status', 'model', 'started', 'epochs', ...names.map(scoreTitle)],
              runs.map(({ id, name, status, model, startedAt, epochs, best }) => [
                id,
                name,
                status,
                model,
                startedAt?.slice(0, 16).replace('T', ' ') ?? '-',
                Math.round(epochs),
                ...names.map((name) => score(best?.[name])),
              ]),
            ),
      )
    })

type Tree = Record<string, unknown>

/** Recipe file, then options, then `--set`: the later one wins. Only what is given appears, so defaults stay the recipe's. */
export function buildRecipe(options: TrainOptions): Tree {
  const recipe = options.recipe ? readRecipe(options.recipe) : {}
  const given: [string, unknown][] = [
    ['task', options.task],
    ['model.id', options.model && /\.onnx$/i.test(options.model) ? resolve(options.model) : options.model],
    ['model.params.features', options.features],
    [
      'model.weights',
      options.weights && existsSync(resolve(options.weights)) ? resolve(options.weights) : options.weights,
    ],
    ['freeze', options.freeze],
    ['input.size', options.size],
    ['epochs', options.epochs],
    ['batch.size', options.batch],
    ['provider', options.provider],
    ['seed', options.seed],
    ['data.trainSplits', options.trainSplits],
    ['data.evalSplit', options.evalSplit],
  ]
  for (const [key, value] of given) if (value !== undefined) setRecipeKey(recipe, key, value)
  for (const text of options.set ?? []) {
    const equals = text.indexOf('=')
    if (equals < 1) {
      throw new TagwrightError('usage', `--set was given "${text}". Write key=value, e.g. --set optimizer.lr=0.002.`)
    }
    setRecipeKey(recipe, text.slice(0, equals), parseValue(text.slice(equals + 1), text))
  }
  return recipe
}

function parseValue(value: string, text: string): unknown {
  try {
    return parseYaml(value) as unknown
  } catch (cause) {
    throw new TagwrightError(
      'usage',
      `The value of --set ${text} is not YAML: ${(cause as Error).message.split('\n')[0]}`,
      {},
      { cause },
    )
  }
}

function readRecipe(path: string): Tree {
  const file = resolve(path)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new TagwrightError('not-found', `The recipe ${file} cannot be read. Check the path.`, { file }, { cause })
  }
  let recipe: unknown
  try {
    recipe = parseYaml(text)
  } catch (cause) {
    throw new TagwrightError(
      'bad-recipe',
      `${file} is neither YAML nor JSON: ${(cause as Error).message.split('\n')[0]}`,
      { file },
      { cause },
    )
  }
  if (recipe === null || typeof recipe !== 'object' || Array.isArray(recipe)) {
    throw new TagwrightError('bad-recipe', `${file} holds no recipe. Write keys like "epochs: 50".`, { file })
  }
  return recipe as Tree
}
