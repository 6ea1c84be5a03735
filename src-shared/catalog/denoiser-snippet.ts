/** Small programs that load an exported denoiser and clean images of any size. They need no part of this product. */
import { TagwrightError } from '../base/errors'
import type { Tiling } from '../domain/tiles'

export interface DenoiserSnippetOptions {
  /** Name of the model file, beside the program. */
  file: string
  /** Names of its input and output. */
  input: string
  output: string
  channels: number
  tiling: Tiling
  /** The network's input has one size: that of a tile. */
  fixed: boolean
}

function checkChannels({ channels, file }: DenoiserSnippetOptions): void {
  if (channels === 1 || channels === 3) return
  throw new TagwrightError(
    'not-available',
    `${file} takes the ${channels} planes of a camera's mosaic, which no small program reads. Use it with: tagwright denoise <files> --model ${file} --out <folder>`,
  )
}

/** An ES module for Node 20 and later: `npm install onnxruntime-node sharp`, `node denoise.mjs photo.jpg`. */
export function nodeDenoiser(options: DenoiserSnippetOptions): string {
  checkChannels(options)
  const { file, input, output, channels, tiling, fixed } = options
  return `// node denoise.mjs photo.jpg        writes photo-clean.png; needs: npm install onnxruntime-node sharp
import { fileURLToPath } from 'node:url'
import ort from 'onnxruntime-node'
import sharp from 'sharp'

// Planes that the network takes; side of a tile, what its sides and places are multiples of, pixels at an inner edge that
// do not count, and pixels over which one tile fades into the next.
const [planes, tile, unit, margin, blend] = [${[channels, tiling.tile, tiling.unit, tiling.margin, tiling.blend].join(', ')}]

const session = await ort.InferenceSession.create(fileURLToPath(new URL(${JSON.stringify(encodeURIComponent(file))}, import.meta.url)))
for (const path of process.argv.slice(2)) {
  const to = path.replace(/\\.[^.\\\\/]*$/, '') + '-clean.png'
  await (await denoise(path)).toFile(to)
  console.log(to)
}

/** A sharp image of as many bits as the file has. */
export async function denoise(path) {
  const { depth, space, channels: stored = 3 } = await sharp(path).metadata()
  const deep = depth === 'ushort'
  const grey = stored < 3 || space === 'b-w' || space === 'grey16'
  const colours = grey ? (deep ? 'grey16' : 'b-w') : deep ? 'rgb16' : 'srgb'
  const { data, info } = await sharp(path, { ignoreIcc: true }).rotate().toColourspace(colours).removeAlpha().raw({ depth: deep ? 'ushort' : 'uchar' }).toBuffer({ resolveWithObject: true })
  const bytes = deep ? new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)) : data
  const { width, height } = info
  const [count, top, channels] = [width * height, deep ? 65535 : 255, grey ? 1 : 3]
  const image = Array.from({ length: channels }, (_, c) => Float32Array.from({ length: count }, (_, i) => bytes[i * info.channels + c] / top))
  let clean
  if (channels === planes) clean = await tiled(image, width, height)
  // A grey network cleans plane by plane; a colour network gets a grey image three times, and the mean is taken.
  else if (planes === 1) clean = await Promise.all(image.map(async (plane) => (await tiled([plane], width, height))[0]))
  else {
    const three = await tiled([image[0], image[0], image[0]], width, height)
    clean = [image[0].map((_, i) => (three[0][i] + three[1][i] + three[2][i]) / 3)]
  }
  const numbers = deep ? new Uint16Array(channels * count) : new Uint8Array(channels * count)
  clean.forEach((plane, c) => plane.forEach((v, i) => (numbers[i * channels + c] = Math.min(top, Math.max(0, Math.round(v * top))))))
  return sharp(numbers, { raw: { width, height, channels } }).toColourspace(colours).png()
}

async function tiled(image, width, height) {
  const up = (side) => Math.max(${fixed ? 'tile' : 'unit'}, Math.ceil(side / unit) * unit)
  const [W, H] = [up(width), up(height)]
  const [w, h] = [Math.min(tile, W), Math.min(tile, H)]
  const clean = image.map(() => new Float32Array(width * height))
  const weight = new Float32Array(width * height)
  for (const y of starts(H)) for (const x of starts(W)) {
    const part = new Float32Array(planes * w * h)
    image.forEach((plane, c) => {
      for (let j = 0; j < h; j++) for (let i = 0; i < w; i++) part[(c * h + j) * w + i] = plane[mirror(y + j, height) * width + mirror(x + i, width)]
    })
    const { data } = (await session.run({ ${JSON.stringify(input)}: new ort.Tensor('float32', part, [1, planes, h, w]) }))[${JSON.stringify(output)}]
    for (let j = 0; j < h && y + j < height; j++) for (let i = 0; i < w && x + i < width; i++) {
      const share = fade(i, x, w, W) * fade(j, y, h, H)
      const to = (y + j) * width + x + i
      weight[to] += share
      for (let c = 0; c < planes; c++) clean[c][to] += share * data[(c * h + j) * w + i]
    }
  }
  for (const plane of clean) plane.forEach((v, i) => (plane[i] = v / weight[i]))
  return clean
}

function starts(length) {
  if (length <= tile) return [0]
  const gap = Math.max(unit, Math.floor(Math.max(unit, tile - 2 * margin - blend) / unit) * unit)
  const count = Math.ceil((length - tile) / gap) + 1
  return Array.from({ length: count }, (_, i) => Math.floor((i * (length - tile)) / (count - 1) / unit) * unit)
}

/** How much pixel i of a tile at \`start\` counts. */
function fade(i, start, size, length) {
  const ramp = (distance) => Math.min(1, Math.max(0, (distance - margin + 1) / (blend + 1)))
  return Math.min(start > 0 ? ramp(i) : 1, start + size < length ? ramp(size - 1 - i) : 1)
}

function mirror(at, length) {
  if (length === 1) return 0
  const folded = at % (2 * length - 2)
  return folded < length ? folded : 2 * length - 2 - folded
}
`
}

/** Python 3.9 and later: `pip install onnxruntime opencv-python numpy`, `python denoise.py photo.jpg`. */
export function pythonDenoiser(options: DenoiserSnippetOptions): string {
  checkChannels(options)
  const { file, input, output, channels, tiling, fixed } = options
  return `# python denoise.py photo.jpg        writes photo-clean.png; needs: pip install onnxruntime opencv-python numpy
import os, sys
import cv2, numpy as np, onnxruntime as ort

# Planes that the network takes; side of a tile, what its sides and places are multiples of, pixels at an inner edge that
# do not count, and pixels over which one tile fades into the next.
PLANES, TILE, UNIT, MARGIN, BLEND = ${[channels, tiling.tile, tiling.unit, tiling.margin, tiling.blend].join(', ')}
session = ort.InferenceSession(os.path.join(os.path.dirname(os.path.abspath(__file__)), ${JSON.stringify(file)}))

def denoise(path):
    """The clean image as OpenCV has it, of as many bits as the file."""
    stored = cv2.imread(path, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    top = 65535 if stored.dtype == np.uint16 else 255
    # Planes of red, green and blue, or one of grey.
    image = stored[None] if stored.ndim == 2 else stored[:, :, ::-1].transpose(2, 0, 1)
    image = image.astype(np.float32) / top
    if len(image) == PLANES:
        clean = tiled(image)
    elif PLANES == 1:  # a grey network cleans plane by plane
        clean = np.concatenate([tiled(plane[None]) for plane in image])
    else:  # a colour network gets a grey image three times
        clean = tiled(np.repeat(image, PLANES, 0)).mean(0, keepdims=True)
    clean = np.clip(np.rint(clean * top), 0, top).astype(stored.dtype)
    return clean[0] if len(clean) == 1 else np.ascontiguousarray(clean.transpose(1, 2, 0)[:, :, ::-1])

def tiled(image):
    height, width = image.shape[1:]
    H, W = (max(${fixed ? 'TILE' : 'UNIT'}, -(-side // UNIT) * UNIT) for side in (height, width))
    h, w = min(TILE, H), min(TILE, W)
    padded = np.pad(image, ((0, 0), (0, H - height), (0, W - width)), "reflect")
    clean, weight = np.zeros_like(padded), np.zeros((H, W), np.float32)
    for y in starts(H):
        for x in starts(W):
            part = np.ascontiguousarray(padded[None, :, y:y + h, x:x + w])
            made = session.run([${JSON.stringify(output)}], {${JSON.stringify(input)}: part})[0][0]
            share = fade(y, h, H)[:, None] * fade(x, w, W)
            clean[:, y:y + h, x:x + w] += made * share
            weight[y:y + h, x:x + w] += share
    return (clean / weight)[:, :height, :width]

def starts(length):
    if length <= TILE:
        return [0]
    gap = max(UNIT, max(UNIT, TILE - 2 * MARGIN - BLEND) // UNIT * UNIT)
    count = -(-(length - TILE) // gap) + 1
    return [i * (length - TILE) // (count - 1) // UNIT * UNIT for i in range(count)]

def fade(start, size, length):
    """How much each pixel of a tile counts."""
    share, ramp = np.ones(size, np.float32), np.clip((np.arange(size) - MARGIN + 1) / (BLEND + 1), 0, 1)
    if start > 0:
        share = np.minimum(share, ramp)
    return np.minimum(share, ramp[::-1]).astype(np.float32) if start + size < length else share.astype(np.float32)

if __name__ == "__main__":
    for path in sys.argv[1:]:
        to = os.path.splitext(path)[0] + "-clean.png"
        cv2.imwrite(to, denoise(path))
        print(to)
`
}
