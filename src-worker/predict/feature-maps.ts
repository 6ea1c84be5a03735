/** What a node of a network makes of an image: see models.featureMaps in src-shared/contract/models.ts. */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { z } from 'zod'
import { TagwrightError } from '@shared/base/errors'
import { truthOf } from '@shared/catalog/tasks'
import { fromFloat16, toFloat16 } from '@shared/base/float16'
import { describeClassifier, imageNetInput } from '@shared/catalog/classifier-signature'
import { buildCatalogModel } from '@shared/catalog/describe-catalog-model'
import { type DetectorSpec, describeDetector, pictureInput, readInput } from '@shared/catalog/detector-signatures'
import { defaultSide, listNodes } from '@shared/catalog/imported/describe-network'
import { channelsOf } from '@shared/catalog/models/define'
import type { workerContract } from '@shared/contract/worker'
import type { ModelInput } from '@shared/domain/model-input'
import { parseRecipe } from '@shared/domain/recipe'
import { addOnnxOutput } from '@shared/engine/onnx/add-output'
import type { OnnxInfo } from '@shared/engine/onnx/decode-info'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { inferenceGraph } from '@shared/engine/passes/inference'
import { openSession, tensor, type SessionOptions } from '../runtime/session'
import { readCheckpoint, weightsOf } from '../train/checkpoint'
import { openNetwork } from '../train/open-network'
import { readOnnx } from '../train/start-weights'
import { pictureBatches } from './picture-batches'

type Method = (typeof workerContract)['methods']['featureMaps']
type Input = z.output<Method['input']>
type Source = Input['source']

/** Numbers of all maps together. */
const mostNumbers = 2 ** 26
/** Denoisers take any size, and learn on small crops. */
const denoiserSide = 256

interface Prepared {
  model: Uint8Array
  session: Partial<SessionOptions>
  /** Of the value. */
  name: string
  /** By which the session gives it. */
  output: string
  input: DetectorSpec['input'] & { channels: number }
  pixels: ModelInput
  assumed: boolean
}

/** @throws as models.featureMaps. */
export async function computeFeatureMaps(options: Input): Promise<z.input<Method['output']>> {
  const { source } = options
  const { model, name, output, input, pixels, assumed, ...prepared } =
    source.kind === 'file' ? await prepareFile(source, options) : await prepareModel(source, options)
  const { batch, width, height } = input
  const batches = pictureBatches({
    files: [options.image],
    batch,
    width,
    height,
    // Grey is weighed by colour, whatever order a network of three planes would have.
    input: input.channels === 1 ? { ...pixels, order: 'RGB' } : pixels,
    pack: { layout: input.layout, type: input.type === 'uint8' ? 'uint8' : 'float32' },
    slice: null,
    onFailed(_, message) {
      throw new TagwrightError('image-unreadable', message)
    },
    signal: undefined,
  })
  const { value } = await batches.next()
  if (!value) throw new TagwrightError('image-unreadable', `${options.image} holds no picture. Choose another image.`)
  const fed = input.channels === 1 ? greyOf(value.images, value.shape) : value
  const session = await openSession(model, { provider: 'cpu', placement: 'any', ...prepared.session })
  try {
    const data = input.type === 'float16' ? toFloat16(fed.images as Float32Array) : fed.images
    const results = await session.run({ [input.name]: tensor(input.type, data, fed.shape) })
    const maps = readMaps(results[output], name)
    await writeFile(options.out, maps.data)
    const { scale, offsetX, offsetY, image } = value.slices[0]
    return {
      name,
      channels: maps.channels,
      height: maps.height,
      width: maps.width,
      input: { width, height },
      image,
      place: { scale, offsetX, offsetY },
      pixels,
      assumed,
    }
  } finally {
    await session.close()
  }
}

/** A file is run as it is, with one more output. */
async function prepareFile({ file }: Extract<Source, { kind: 'file' }>, options: Input): Promise<Prepared> {
  const network = await readOnnx(file)
  const { info } = network
  const name = listNodes(network).nodes[options.node]?.outputs[options.output]
  if (!name) throw noNode(options.node)
  const known = pictureInput(info, { file, batch: 1, kind: 'network for pictures', grey: true })
  const [, ...axes] = info.inputs[0].shape!
  const sides = known.layout === 'nchw' ? axes.slice(1) : axes.slice(0, 2)
  const [height, width] = sides.map((side) => (typeof side === 'number' ? side : (options.side ?? defaultSide)))
  const channels = known.layout === 'nchw' && axes[0] === 1 ? 1 : 3
  const pixels = options.pixels ?? pixelsOf(info, file)
  const bytes = await readFile(file)
  return {
    model: info.outputs.some((output) => output.name === name) ? bytes : addOnnxOutput(bytes, name),
    session: { externalFolder: dirname(file) },
    name,
    output: name,
    input: { ...known, height, width, channels },
    pixels: pixels ?? imageNetInput,
    assumed: pixels === null,
  }
}

/** What the file says, or what files of its kind take; null: nobody knows. */
function pixelsOf(info: OnnxInfo, file: string): ModelInput | null {
  const told = readInput(info.metadata.get('input'))
  if (told) return told
  for (const describe of [describeDetector, describeClassifier]) {
    try {
      return describe(info, { file }).pixels
    } catch {
      // It is no such file.
    }
  }
  return null
}

/** A run's network is built up to the node, with its weights inside. */
async function prepareModel(source: Extract<Source, { kind: 'model' }>, options: Input): Promise<Prepared> {
  const { runDir } = source
  const file = ['best', 'last'].map((name) => join(runDir ?? '', `${name}.ckpt`)).find((path) => existsSync(path))
  if (runDir === null || !file)
    throw new TagwrightError(
      'no-weights',
      runDir === null
        ? 'A model of the catalogue has random weights until it is trained, and its maps would show noise. Choose a run or an ONNX file.'
        : 'This run has stored no weights yet. Wait for its first checkpoint, or choose another run.',
    )
  const checkpoint = await readCheckpoint(file)
  const { meta } = checkpoint
  const at = {
    id: meta.model,
    params: meta.modelParams,
    surgery: meta.surgery ?? parseRecipe(source.recipe).model.surgery,
  }
  await openNetwork(at, runDir)
  const build = (side: readonly [number, number]) => buildCatalogModel({ ...at, classes: meta.labels.length, side })
  const own = build(meta.size)
  const open = truthOf(own.model.task) === 'image' && !own.model.fixedSize?.(own.params)
  const wide = Math.max(denoiserSide, meta.size[0])
  const side = open ? Math.ceil((options.side ?? wide) / own.model.stride) * own.model.stride : null
  const built = side === null ? own : build([side, side])
  const value = built.nodes[options.node]?.outputs[options.output]
  if (!value) throw noNode(options.node)
  const names = new Set([...built.nn.params.keys(), ...built.nn.stats.keys()])
  const tensors = new Map([...weightsOf(checkpoint)].filter(([name]) => names.has(name)))
  const { graph, roots } = inferenceGraph(built.graph, [value], { tensors, fold: true })
  graph.output('output', roots[0])
  const channels = channelsOf(built.model, built.params)
  if (channels !== 3 && channels !== 1)
    throw new TagwrightError(
      'unknown-model',
      `This network takes ${channels} planes of a camera's sensor, which an image of the project does not have. Choose a network for pictures.`,
    )
  const [height, width] = side === null ? meta.size : [side, side]
  return {
    model: encodeOnnx(graph),
    session: {},
    name: value.node.path,
    output: 'output',
    input: { name: 'images', type: 'float32', layout: 'nchw', batch: 1, width, height, channels },
    pixels: built.model.input,
    assumed: false,
  }
}

const noNode = (node: number): TagwrightError =>
  new TagwrightError('not-found', `The network has no value at node ${node} any more. Open it again.`)

/** Luma (ITU-R BT.601) of pictures [N, 3, H, W]. */
function greyOf(images: Uint8Array | Float32Array, [batch, , height, width]: readonly number[]) {
  const plane = width * height
  const grey = new (images instanceof Uint8Array ? Uint8Array : Float32Array)(batch * plane)
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < plane; i++) {
      const at = 3 * n * plane + i
      grey[n * plane + i] = 0.299 * images[at] + 0.587 * images[at + plane] + 0.114 * images[at + 2 * plane]
    }
  return { images: grey, shape: [batch, 1, height, width] }
}

/** Maps of the first picture: of [N, C, H, W], or of [N, C] as one number each. @throws `no-maps`, `too-large`. */
function readMaps(
  result: { type: string; dims: readonly number[]; data: unknown } | undefined,
  name: string,
): { channels: number; height: number; width: number; data: Float32Array } {
  const dims = result?.dims ?? []
  const [, channels, height = 1, width = 1] = dims
  if ((dims.length !== 4 && dims.length !== 2) || dims[0] < 1 || channels * height * width === 0)
    throw new TagwrightError(
      'no-maps',
      `The output "${name}" has the shape [${dims.join(', ')}], not [1, channels, height, width]: it is no picture. Choose another node.`,
    )
  const count = channels * height * width
  if (count > mostNumbers)
    throw new TagwrightError(
      'too-large',
      `The output "${name}" has ${channels} maps of ${width} x ${height} numbers; up to ${mostNumbers} numbers are shown. Choose a deeper node.`,
    )
  return { channels, height, width, data: toFloats(result!, count, name) }
}

/** The first numbers of what the runtime gave, of whatever type. */
function toFloats({ type, data }: { type: string; data: unknown }, count: number, name: string): Float32Array {
  if (data instanceof Float32Array) return data.slice(0, count)
  // Where the runtime hands out no float16 arrays, it gives their bits.
  if (type === 'float16' && data instanceof Uint16Array) return fromFloat16(data.subarray(0, count))
  if (ArrayBuffer.isView(data) && !(data instanceof DataView))
    return Float32Array.from(data as unknown as ArrayLike<number | bigint> as never, Number).slice(0, count)
  throw new TagwrightError('no-maps', `The output "${name}" holds no numbers. Choose another node.`)
}
