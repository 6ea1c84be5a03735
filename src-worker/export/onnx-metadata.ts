/** Metadata of exported files: Ultralytics' keys, which other programs read, and this product's own. */
import { version } from '../../package.json'
import { pythonNames, pythonString } from '@shared/base/python-literal'
import type { OutputFormat } from '@shared/catalog/detector-signatures'
import { objectPoints } from '@shared/domain/skeleton'
import type { ModelDef } from '@shared/catalog/models/define'
import type { SuppressOptions } from '@shared/catalog/suppress'
import type { CheckpointMeta } from '../train/checkpoint'

export interface OnnxMetadataOptions {
  model: ModelDef
  meta: CheckpointMeta
  format: OutputFormat | 'probabilities' | 'image'
  dynamic: boolean
  half: boolean
  nms: SuppressOptions | null
  date: Date
  licence?: string | null
}

/** `{0: ['nose', ...]}`: names of points by class. */
const pythonPoints = (names: readonly (readonly string[])[]): string =>
  `{${names.map((list, i) => `${i}: [${list.map(pythonString).join(', ')}]`).join(', ')}}`

const python = (value: boolean): string => (value ? 'True' : 'False')

/** `names`, `stride`, `imgsz`, `task`, `batch`... as Python literals; `input`, `output`, `labels`, `thresholds` as JSON. */
export function onnxMetadata({ model, meta, format, dynamic, half, nms, date, licence }: OnnxMetadataOptions) {
  const { labels, size } = meta
  const points = model.points?.(meta.modelParams) ?? 0
  return {
    description: `${model.title} with ${labels.length} ${labels.length === 1 ? 'class' : 'classes'}, trained with Tagwright`,
    author: 'Tagwright',
    version,
    date: date.toISOString(),
    ...(licence ? { license: licence } : {}),
    task: model.task,
    stride: String(model.stride),
    batch: '1',
    imgsz: `[${size[0]}, ${size[1]}]`,
    channels: '3',
    names: pythonNames(labels.map(({ name }) => name)),
    args: `{'batch': 1, 'dynamic': ${python(dynamic)}, 'half': ${python(half)}, 'nms': ${python(nms !== null)}}`,
    input: JSON.stringify(model.input),
    output: format,
    ...(points > 0
      ? {
          kpt_shape: `[${points}, 3]`,
          kpt_names: pythonPoints(labels.map(({ skeleton }) => skeleton?.names ?? [])),
          flip_idx: `[${objectPoints(labels).flip[0].join(', ')}]`,
          skeletons: JSON.stringify(labels.map(({ skeleton }) => skeleton ?? null)),
        }
      : {}),
    labels: JSON.stringify(labels.map(({ name, cocoId, color }) => ({ name, cocoId, color }))),
    model: meta.model,
    step: String(meta.step),
    epoch: String(meta.epoch),
    recipe: meta.recipeHash,
    ...(nms ? { thresholds: JSON.stringify(nms) } : {}),
  }
}
