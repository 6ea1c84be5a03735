/** Image files, whole or cut, as batches of network inputs. Sizes need not be known before. */
import { toErrorShape } from '@shared/base/errors'
import { letterboxGeometry } from '@shared/domain/letterbox'
import type { ModelInput } from '@shared/domain/model-input'
import { decodeBytes, decodeImage } from '../data/decode-image'
import { allocateImages, imagePacker, packedShape, type ImageData } from '../data/pack-pixels'
import { createPixelSpace } from '../data/pixel-space'
import { resizeBilinear, type Pixels } from '../data/resize-bilinear'
import type { LetterboxedSample, Packing } from '../data/types'
import { sliceImage, type Slice } from './slice-image'

export interface PictureBatchesOptions {
  /** Paths, or files that are in memory already. */
  files: readonly (string | Uint8Array)[]
  batch: number
  width: number
  height: number
  input: ModelInput
  pack: Packing
  slice: { size: number; overlap: number; whole?: boolean } | null
  /** An image that cannot be read is left out. */
  onFailed(position: number, message: string): void
  signal: AbortSignal | undefined
}

export interface PlacedSlice extends Pick<LetterboxedSample, 'scale' | 'offsetX' | 'offsetY' | 'width' | 'height'> {
  /** Position in `files`. */
  position: number
  slice: Slice
  /** Upright size of the whole image. */
  image: { width: number; height: number }
  /** Whether this is the image's last slice. */
  last: boolean
}

export interface PictureBatch {
  images: ImageData
  shape: number[]
  slices: PlacedSlice[]
}

/** Images decoded ahead: enough to keep libvips' threads busy while the model runs. */
const AHEAD = 3

export async function* pictureBatches(options: PictureBatchesOptions): AsyncGenerator<PictureBatch, void, void> {
  const { batch, width, height, input, pack, signal } = options
  const shape = packedShape(pack.layout, batch, width, height)
  const perImage = shape.slice(1).reduce((a, b) => a * b)
  const space = createPixelSpace(0)
  const canvas = new Int32Array(width * height)
  const border = input.pad * 0x10101
  let images = allocateImages(pack, batch * perImage)
  let slices: PlacedSlice[] = []

  for await (const { position, pixels } of decoded(options)) {
    const image = { width: pixels.width, height: pixels.height }
    const parts = sliceImage(image, options.slice)
    for (const [i, slice] of parts.entries()) {
      signal?.throwIfAborted()
      const box = letterboxGeometry(slice, { width, height }, input.align)
      paint(crop(pixels, slice), box)
      slices.push({
        position,
        slice,
        image,
        last: i === parts.length - 1,
        scale: box.scale,
        offsetX: box.offsetX,
        offsetY: box.offsetY,
        width: slice.width,
        height: slice.height,
      })
      if (slices.length < batch) continue
      yield { images, shape, slices }
      images = allocateImages(pack, batch * perImage)
      slices = []
    }
  }
  // Models of a fixed batch size want it full: the rest of the tensor is black and nobody looks at its results.
  if (slices.length > 0) yield { images, shape, slices }

  /** Resizes onto the canvas and packs it as the next image of the batch. */
  function paint(source: Pixels, box: ReturnType<typeof letterboxGeometry>): void {
    const packer = imagePacker(space, pack, input, images, slices.length * perImage, width, height)
    const resized = new Int32Array(box.width * box.height)
    resizeBilinear(source, { data: resized, offset: 0, width: box.width, height: box.height })
    canvas.fill(border)
    for (let y = 0; y < box.height; y++)
      canvas.set(resized.subarray(y * box.width, (y + 1) * box.width), (box.offsetY + y) * width + box.offsetX)
    for (let y = 0; y < height; y++) packer.row(canvas.subarray(y * width, (y + 1) * width), y)
  }
}

function crop(pixels: Pixels, { x, y, width, height }: Slice): Pixels {
  if (width === pixels.width && height === pixels.height) return pixels
  const data = new Int32Array(width * height)
  for (let row = 0; row < height; row++) {
    const from = pixels.offset + (y + row) * pixels.width + x
    data.set(pixels.data.subarray(from, from + width), row * width)
  }
  return { data, offset: 0, width, height }
}

async function* decoded({
  files,
  onFailed,
  signal,
}: PictureBatchesOptions): AsyncGenerator<{ position: number; pixels: Pixels }, void, void> {
  const queue: Promise<Pixels | Error>[] = []
  let next = 0
  const fill = () => {
    while (queue.length < AHEAD && next < files.length)
      queue.push(decode(files[next++]).catch((error: unknown) => error as Error))
  }
  for (let position = 0; position < files.length; position++) {
    signal?.throwIfAborted()
    fill()
    const result = await queue.shift()!
    fill()
    if (result instanceof Error) onFailed(position, toErrorShape(result).message)
    else yield { position, pixels: result }
  }
}

const decode = (file: string | Uint8Array): Promise<Pixels> =>
  typeof file === 'string' ? decodeImage(file) : decodeBytes(file, 'in memory')
