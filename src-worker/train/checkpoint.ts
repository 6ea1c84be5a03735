/**
 * Checkpoints (`last.ckpt`, `best.ckpt`) in safetensors layout: u64 header length, JSON header, little-endian tensors.
 * Source of the layout: huggingface/safetensors, "Format".
 */
import { open } from 'node:fs/promises'
import { z } from 'zod'
import { TagwrightError } from '@shared/base/errors'
import { modelInputSchema } from '@shared/domain/model-input'
import { skeletonSchema } from '@shared/domain/skeleton'
import { writeAtomic } from '../files/write-atomic'
import type { Tensors } from './stepper'

/** What the tensors belong to. Each key is one metadata string of the file: text as it is, the rest as JSON. */
export const checkpointMetaSchema = z.object({
  /** Optimizer steps done. */
  step: z.int().min(0),
  /** Epochs done. */
  epoch: z.number().min(0),
  /** Whatever the loop needs to draw the next random numbers. */
  rng: z.record(z.string(), z.unknown()),
  /** Hash of the resolved recipe. */
  recipeHash: z.string(),
  /** Best validation score so far, null before the first evaluation. */
  bestScore: z.number().nullable(),
  task: z.string(),
  /** Catalog id and parameters of the model. */
  model: z.string(),
  modelParams: z.record(z.string(), z.unknown()),
  /** Blocks that were put into the model, as in the recipe. */
  surgery: z.array(z.looseObject({ id: z.string(), after: z.string(), context: z.string().optional() })).optional(),
  /** In the order of the model's outputs. */
  labels: z.array(
    z.object({ name: z.string(), cocoId: z.int(), color: z.string(), skeleton: skeletonSchema.optional() }),
  ),
  input: modelInputSchema,
  /** Height and width of the network input in pixels. */
  size: z.tuple([z.int().min(1), z.int().min(1)]),
  /** Updates of the weight average. */
  emaUpdates: z.int().min(0),
  /** The loop's own state (early stopping, best epoch...). */
  loop: z.record(z.string(), z.unknown()).default({}),
})
export type CheckpointMeta = z.infer<typeof checkpointMetaSchema>

export interface Checkpoint {
  meta: CheckpointMeta
  /** Parameters by the names of the original PyTorch state dict. */
  param: Tensors
  /** Averaged parameters and running statistics: what is evaluated and exported. Empty when nothing is averaged. */
  ema: Tensors
  /** Running statistics. */
  bn: Tensors
  /** Stochastic average of the parameters; absent before it begins. */
  swa?: Tensors
  /** Optimizer states by their own names: `velocity`, `mean`... */
  optim: ReadonlyMap<string, Tensors>
  /** Shapes of parameters and statistics by name. */
  shapes: ReadonlyMap<string, readonly number[]>
}

/** What is evaluated and exported: the averages where there are some. */
export const weightsOf = ({ ema, param, bn }: Checkpoint): Tensors => (ema.size > 0 ? ema : new Map([...param, ...bn]))

const FORMAT = 'tagwright-checkpoint'
const VERSION = 1
/** As in the reference implementation. */
const MAX_HEADER = 100_000_000
const textKeys = ['recipeHash', 'task', 'model'] as const
const isText = (key: string): boolean => (textKeys as readonly string[]).includes(key)

/**
 * Writes a checkpoint atomically. A tensor without an entry in `shapes` is written as a vector.
 * @throws `disk-full`, `not-writable`, `bad-checkpoint` when a tensor does not have its shape's size.
 */
export async function writeCheckpoint(file: string, { meta, shapes, ...sections }: Checkpoint): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: metadataStrings(meta) }
  const parts: Uint8Array[] = []
  let offset = 0
  for (const [key, name, data] of walk(sections)) {
    const shape = shapes.get(name) ?? [data.length]
    if (shape.reduce((a, b) => a * b, 1) !== data.length) {
      throw new TagwrightError(
        'bad-checkpoint',
        `${key} has ${data.length} numbers; its shape [${shape}] wants others.`,
      )
    }
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    header[key] = { dtype: 'F32', shape, data_offsets: [offset, offset + bytes.length] }
    offset += bytes.length
    parts.push(bytes)
  }
  let text = JSON.stringify(header)
  // Tensors begin at a multiple of 8 bytes, so that readers may map the file.
  text += ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8)
  const head = Buffer.alloc(8)
  head.writeBigUInt64LE(BigInt(Buffer.byteLength(text)))
  await writeAtomic(file, [head, text, ...parts])
}

function* walk({
  param,
  ema,
  bn,
  optim,
  swa,
}: Omit<Checkpoint, 'meta' | 'shapes'>): Generator<[key: string, name: string, data: Float32Array]> {
  for (const [name, data] of param) yield [`param/${name}`, name, data]
  for (const [name, data] of ema) yield [`ema/${name}`, name, data]
  for (const [state, tensors] of optim) {
    for (const [name, data] of tensors) yield [`optim/${state}/${name}`, name, data]
  }
  for (const [name, data] of bn) yield [`bn/${name}`, name, data]
  for (const [name, data] of swa ?? []) yield [`swa/${name}`, name, data]
}

function metadataStrings(meta: CheckpointMeta): Record<string, string> {
  const strings: Record<string, string> = { format: FORMAT, version: String(VERSION) }
  for (const [key, value] of Object.entries(checkpointMetaSchema.parse(meta))) {
    strings[key] = isText(key) ? String(value) : JSON.stringify(value)
  }
  return strings
}

/**
 * Reads a checkpoint of this product; everything in it is checked before it is used.
 * @throws `not-found`, `bad-checkpoint` (truncated, damaged, another format, a newer version).
 */
export async function readCheckpoint(file: string): Promise<Checkpoint> {
  const { header, data } = await readSafetensors(file)
  const meta = parseMeta(file, header.metadata)
  const checkpoint: Checkpoint & {
    optim: Map<string, Map<string, Float32Array>>
    shapes: Map<string, readonly number[]>
  } = {
    meta,
    param: new Map<string, Float32Array>(),
    ema: new Map<string, Float32Array>(),
    bn: new Map<string, Float32Array>(),
    optim: new Map<string, Map<string, Float32Array>>(),
    shapes: new Map<string, readonly number[]>(),
  }
  for (const [key, { shape, begin, end }] of header.tensors) {
    const section = key.slice(0, key.indexOf('/'))
    let name = key.slice(section.length + 1)
    let into: Map<string, Float32Array>
    if (section === 'param' || section === 'ema' || section === 'bn') into = checkpoint[section]
    else if (section === 'swa') into = checkpoint.swa ??= new Map()
    else if (section === 'optim' && name.includes('/')) {
      const state = name.slice(0, name.indexOf('/'))
      name = name.slice(state.length + 1)
      into = checkpoint.optim.get(state) ?? new Map()
      checkpoint.optim.set(state, into)
    } else throw bad(file, `the tensor "${key.slice(0, 80)}" belongs to no known part`)
    // Slicing copies, which also aligns.
    into.set(name, new Float32Array(data.buffer.slice(data.byteOffset + begin, data.byteOffset + end)))
    const known = checkpoint.shapes.get(name)
    if (known && known.join() !== shape.join()) throw bad(file, `"${name}" has the shapes [${known}] and [${shape}]`)
    checkpoint.shapes.set(name, shape)
  }
  return checkpoint
}

/** The metadata alone, without reading the tensors. Throws as {@link readCheckpoint}. */
export async function readCheckpointMeta(file: string): Promise<CheckpointMeta> {
  const handle = await openFile(file)
  try {
    return parseMeta(file, (await readHeader(file, handle)).metadata)
  } finally {
    await handle.close()
  }
}

interface Header {
  metadata: Record<string, string>
  tensors: Map<string, { shape: number[]; begin: number; end: number }>
  /** Position of the first tensor byte. */
  start: number
  /** Bytes of all tensors. */
  length: number
}

async function readSafetensors(file: string): Promise<{ header: Header; data: Buffer<ArrayBuffer> }> {
  const handle = await openFile(file)
  try {
    const header = await readHeader(file, handle)
    const data = Buffer.alloc(header.length)
    await readExactly(file, handle, data, header.start)
    return { header, data }
  } finally {
    await handle.close()
  }
}

type Handle = Awaited<ReturnType<typeof open>>

async function openFile(file: string): Promise<Handle> {
  try {
    return await open(file, 'r')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new TagwrightError(
      'not-found',
      `The checkpoint ${file} cannot be opened (${code}). Check the path.`,
      { file },
      { cause },
    )
  }
}

async function readExactly(file: string, handle: Handle, into: Buffer, position: number): Promise<void> {
  for (let at = 0; at < into.length;) {
    const { bytesRead } = await handle.read(into, at, into.length - at, position + at)
    if (bytesRead === 0) throw bad(file, `it ends after ${position + at} bytes`)
    at += bytesRead
  }
}

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
})

async function readHeader(file: string, handle: Handle): Promise<Header> {
  const { size } = await handle.stat()
  const head = Buffer.alloc(Math.min(8, size))
  await readExactly(file, handle, head, 0)
  const magic = head.toString('latin1')
  if (magic.startsWith('PK')) throw bad(file, 'it is a PyTorch or zip file, not a checkpoint of this program')
  if (size < 8) throw bad(file, `it has ${size} bytes`)
  const length = head.readBigUInt64LE()
  if (length > BigInt(MAX_HEADER)) throw bad(file, 'it is not in safetensors layout')
  const headerLength = Number(length)
  if (8 + headerLength > size) throw bad(file, `its header wants ${headerLength} bytes and the file has ${size}`)
  const text = Buffer.alloc(headerLength)
  await readExactly(file, handle, text, 8)
  let json: unknown
  try {
    json = JSON.parse(text.toString('utf8'))
  } catch {
    throw bad(file, 'its header is not JSON')
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json)) throw bad(file, 'its header is not an object')
  const start = 8 + headerLength
  const tensors: Header['tensors'] = new Map()
  let metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') {
      const parsed = z.record(z.string(), z.string()).safeParse(value)
      if (!parsed.success) throw bad(file, 'its metadata are not strings')
      metadata = parsed.data
      continue
    }
    const entry = entrySchema.safeParse(value)
    const shown = name.slice(0, 80)
    if (!entry.success) throw bad(file, `the entry "${shown}" of its header is malformed`)
    const { dtype, shape, data_offsets } = entry.data
    const [begin, end] = data_offsets
    if (dtype !== 'F32') throw bad(file, `"${shown}" holds ${dtype.slice(0, 20)} numbers; checkpoints hold F32`)
    if (end - begin !== 4 * shape.reduce((a, b) => a * b, 1)) {
      throw bad(file, `"${shown}" has ${end - begin} bytes and the shape [${shape.slice(0, 8)}]`)
    }
    tensors.set(name, { shape, begin, end })
  }
  checkLayout(file, tensors, size - start)
  return { metadata, tensors, start, length: size - start }
}

/** The tensors must cover the bytes after the header: no overlap, no hole, nothing missing, nothing behind. */
function checkLayout(file: string, tensors: Header['tensors'], available: number): void {
  let at = 0
  for (const [name, { begin, end }] of [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) throw bad(file, `the bytes of "${name.slice(0, 80)}" overlap others or leave a hole`)
    at = end
  }
  if (at > available) throw bad(file, `it was cut off: ${available} of ${at} tensor bytes are there`)
  if (at < available) throw bad(file, `${available - at} bytes follow its last tensor`)
}

function parseMeta(file: string, strings: Record<string, string>): CheckpointMeta {
  if (strings.format !== FORMAT) throw bad(file, 'it is a safetensors file of another program')
  if (Number(strings.version) > VERSION) {
    throw bad(file, `it was written by a newer version of this program (layout ${strings.version.slice(0, 20)})`)
  }
  const raw: Record<string, unknown> = {}
  for (const key of Object.keys(checkpointMetaSchema.shape)) {
    const text = strings[key]
    if (text === undefined) continue
    try {
      raw[key] = isText(key) ? text : JSON.parse(text)
    } catch {
      throw bad(file, `its metadata "${key}" is not JSON`)
    }
  }
  const parsed = checkpointMetaSchema.safeParse(raw)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw bad(file, `its metadata "${issue.path.join('.')}" is wrong (${issue.message})`)
}

const bad = (file: string, reason: string): TagwrightError =>
  new TagwrightError(
    'bad-checkpoint',
    `${file} cannot be used as a checkpoint: ${reason}. Use another checkpoint, or start a new run.`,
    { file, reason },
  )
