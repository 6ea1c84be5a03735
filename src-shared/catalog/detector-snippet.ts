/** Small programs that load an exported detector, of boxes or poses: to copy, run and build on. They need no part of this product. */
import { TagwrightError } from '../base/errors'
import type { DetectorSpec, PointSpec } from './detector-signatures'

export interface SnippetOptions {
  /** Name of the model file, beside the program. */
  file: string
  spec: DetectorSpec
  names: readonly string[]
  conf: number
  iou: number
}

/** What the programs were tried with; a test holds them to what is installed here. */
export const nodePackages = { 'onnxruntime-node': '^1.30.0', sharp: '^0.35.5' }
export const pythonPackages = ['onnxruntime', 'opencv-python', 'numpy']

/** Throws `not-available` for outputs that this product does not export. */
function checkFormat({ spec, file }: SnippetOptions): { isSuppressed: boolean; points: PointSpec | null } {
  const { format } = spec.output
  const isSuppressed = /^corners-score-class(-points)?$/.test(format)
  if (!isSuppressed && !/^centre-objectness-classes(-points)?$/.test(format)) {
    throw new TagwrightError(
      'not-available',
      `Programs are written for files exported here; ${file} has the output "${format}".`,
    )
  }
  return { isSuppressed, points: format.endsWith('-points') ? spec.points : null }
}

/** By class: what its points are called. A class with fewer points than the model tells leaves the last ones out. */
const pointNames = ({ skeletons }: PointSpec, names: readonly string[]): readonly (readonly string[])[] =>
  names.map((_, i) => skeletons[i]?.names ?? [])

/** An ES module for Node 20 and later: `npm install onnxruntime-node sharp`, `node detect.mjs photo.jpg`. */
export function nodeSnippet(options: SnippetOptions): string {
  const { isSuppressed, points } = checkFormat(options)
  const { file, spec, names, conf, iou } = options
  const { input, pixels, output } = spec
  // Numbers of a row that are no class.
  const tail = points ? 3 * points.count : 0
  const keep = points ? `, points: out.slice(at + dims[2] - ${tail}, at + dims[2])` : ''
  return `// node detect.mjs photo.jpg        needs: npm install onnxruntime-node sharp
import { fileURLToPath } from 'node:url'
import ort from 'onnxruntime-node'
import sharp from 'sharp'

const names = ${JSON.stringify(names)}
${points ? `const pointNames = ${JSON.stringify(pointNames(points, names))}\n` : ''}const [W, H] = [${input.width}, ${input.height}]
const [minScore, maxIou] = [${conf}, ${iou}]

const session = await ort.InferenceSession.create(fileURLToPath(new URL(${JSON.stringify(encodeURIComponent(file))}, import.meta.url)))
for (const path of process.argv.slice(2)) {
${
  points
    ? `  for (const { name, score, box, points } of await detect(path)) {
    console.log(path, name, score.toFixed(3), box.map((v) => v.toFixed(1)).join(' '))
    for (const { name, x, y, confidence } of points) console.log('   ', name, x.toFixed(1), y.toFixed(1), confidence.toFixed(3))
  }`
    : `  for (const { name, score, box } of await detect(path)) console.log(path, name, score.toFixed(3), box.map((v) => v.toFixed(1)).join(' '))`
}
}

export async function detect(path) {
  const { data, info } = await sharp(path, { ignoreIcc: true }).rotate().toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const scale = Math.min(W / info.width, H / info.height)
  const [w, h] = [info.width, info.height].map((side) => Math.max(1, ${pixels.align === 'topleft' ? 'Math.trunc' : 'even'}(side * scale)))
  const [left, top] = ${pixels.align === 'topleft' ? '[0, 0]' : '[even((W - w) / 2 - 0.1), even((H - h) / 2 - 0.1)]'}
  const images = new Float32Array(3 * W * H)
  const mean = ${JSON.stringify(pixels.mean)}, std = ${JSON.stringify(pixels.std)}
  const put = (c, x, y, byte) => (images[(c * H + y) * W + x] = (${pixels.range === 255 ? 'byte' : 'byte / 255'} - mean[c]) / std[c])
  for (let c = 0; c < 3; c++) for (let y = 0; y < H; y++) for (let x = 0; x < W; x++) put(c, x, y, ${pixels.pad})
  // Bilinear as cv2.resize does it for bytes, to the last bit: weights in 1/2048, sums cut to 16 bits.
  const taps = (from, to, isRow) => Array.from({ length: to }, (_, i) => {
    const at = Math.fround((i + 0.5) * (1 / (to / from)) - 0.5)
    const low = Math.floor(at)
    const share = isRow || (low >= 0 && low < from - 1) ? Math.fround(at - low) : 0
    const inside = (v) => Math.min(Math.max(v, 0), from - 1)
    return [inside(low), inside(low + 1), even(Math.fround(1 - share) * 2048), even(share * 2048)]
  })
  const columns = taps(info.width, w, false)
  const rows = taps(info.height, h, true)
  const byte = (x, y, c) => data[(y * info.width + x) * info.channels + Math.min(c, info.channels - 1)]
  const between = (x, y, c) => {
    const [x0, x1, near, far] = columns[x]
    return (byte(x0, y, c) * near + byte(x1, y, c) * far) >> 4
  }
  for (let y = 0; y < h; y++) {
    const [y0, y1, near, far] = rows[y]
    for (let x = 0; x < w; x++)
      for (let c = 0; c < 3; c++)
        put(${pixels.order === 'BGR' ? '2 - c' : 'c'}, left + x, top + y, (((between(x, y0, c) * near) >> 16) + ((between(x, y1, c) * far) >> 16) + 2) >> 2)
  }
  const result = await session.run({ ${JSON.stringify(input.name)}: new ort.Tensor('float32', images, [1, 3, H, W]) })
  const { data: out, dims } = result[${JSON.stringify(output.name)}]
  const found = []
  for (let row = 0, at = 0; row < dims[1]; row++, at += dims[2]) {
${
  isSuppressed
    ? `    // x1, y1, x2, y2, score, class${points ? ', then x, y and confidence of each point' : ''}; suppressed already
    if (out[at + 4] > minScore) found.push({ score: out[at + 4], label: out[at + 5], box: Array.from(out.slice(at, at + 4))${keep} })`
    : `    // cx, cy, w, h, objectness, one probability a class${points ? ', then x, y and confidence of each point' : ''}
    let best = at + 5
    for (let k = best; k < at + dims[2]${tail ? ` - ${tail}` : ''}; k++) if (out[k] > out[best]) best = k
    const score = out[at + 4] * out[best]
    const [cx, cy, bw, bh] = out.slice(at, at + 4)
    if (score > minScore) found.push({ score, label: best - at - 5, box: [cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2]${keep} })`
}
  }
  found.sort((a, b) => b.score - a.score)
  const kept = []
  for (const one of found) if (${isSuppressed ? 'true' : '!kept.some((other) => other.label === one.label && iou(other.box, one.box) > maxIou)'}) kept.push(one)
  const limit = (v, most) => Math.min(Math.max(v, 0), most)
  return kept.map(({ score, label, box: [x1, y1, x2, y2]${points ? ', points' : ''} }) => ({
    name: names[label] ?? String(label),
    score,
    box: [limit((x1 - left) / scale, info.width), limit((y1 - top) / scale, info.height), limit((x2 - left) / scale, info.width), limit((y2 - top) / scale, info.height)],${
      points
        ? `
    points: (pointNames[label] ?? []).map((name, k) => ({ name, x: (points[3 * k] - left) / scale, y: (points[3 * k + 1] - top) / scale, confidence: points[3 * k + 2] })),`
        : ''
    }
  })).filter(({ box }) => box[2] > box[0] && box[3] > box[1])
}

/** Rounds halves to even numbers. */
function even(value) {
  const low = Math.floor(value)
  return value - low === 0.5 ? 2 * Math.ceil(low / 2) : Math.round(value)
}
${
  isSuppressed
    ? ''
    : `
function iou(a, b) {
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (w <= 0 || h <= 0) return 0
  const area = (r) => (r[2] - r[0]) * (r[3] - r[1])
  return (w * h) / (area(a) + area(b) - w * h)
}
`
}`
}

/** Python 3.9 and later: `pip install onnxruntime opencv-python numpy`, `python detect.py photo.jpg`. */
export function pythonSnippet(options: SnippetOptions): string {
  const { isSuppressed, points } = checkFormat(options)
  const { file, spec, names, conf, iou } = options
  const { input, pixels, output } = spec
  const classes = points ? `5:${-3 * points.count}` : '5:'
  const isTopLeft = pixels.align === 'topleft'
  return `# python detect.py photo.jpg        needs: pip install onnxruntime opencv-python numpy
import os, sys
import cv2, numpy as np, onnxruntime as ort

names = ${JSON.stringify(names)}
${points ? `point_names = ${JSON.stringify(pointNames(points, names))}\n` : ''}W, H = ${input.width}, ${input.height}
session = ort.InferenceSession(os.path.join(os.path.dirname(os.path.abspath(__file__)), ${JSON.stringify(file)}))

def detect(path, min_score=${conf}, max_iou=${iou}):
    image = cv2.imread(path)
    ih, iw = image.shape[:2]
    scale = min(W / iw, H / ih)
    w, h = ${isTopLeft ? 'max(1, int(iw * scale)), max(1, int(ih * scale))' : 'max(1, round(iw * scale)), max(1, round(ih * scale))'}
    left, top = ${isTopLeft ? '0, 0' : 'round((W - w) / 2 - 0.1), round((H - h) / 2 - 0.1)'}
    canvas = np.full((H, W, 3), ${pixels.pad}, np.uint8)
    canvas[top:top + h, left:left + w] = cv2.resize(image, (w, h), interpolation=cv2.INTER_LINEAR)
    x = canvas${pixels.order === 'RGB' ? '[:, :, ::-1]' : ''}.astype(np.float32)${pixels.range === 1 ? ' / 255' : ''}
    x = (x - np.array(${JSON.stringify(pixels.mean)}, np.float32)) / np.array(${JSON.stringify(pixels.std)}, np.float32)
    x = np.ascontiguousarray(x.transpose(2, 0, 1)[None].astype(np.float32))
    out = session.run([${JSON.stringify(output.name)}], {${JSON.stringify(input.name)}: x})[0][0]
${
  isSuppressed
    ? `    boxes, scores, labels = out[:, :4], out[:, 4], out[:, 5].astype(int)  # suppressed already${points ? ', then x, y and confidence of each point' : ''}
    keep = np.flatnonzero(scores > min_score)`
    : `    scores, labels = out[:, 4] * out[:, ${classes}].max(1), out[:, ${classes}].argmax(1)${points ? '  # then x, y and confidence of each point' : ''}
    boxes = np.concatenate([out[:, :2] - out[:, 2:4] / 2, out[:, :2] + out[:, 2:4] / 2], 1)
    xywh = np.concatenate([boxes[:, :2], out[:, 2:4]], 1)
    keep = np.array(cv2.dnn.NMSBoxesBatched(xywh.tolist(), scores.tolist(), labels.tolist(), min_score, max_iou), int)`
}
    limits = np.array([iw, ih, iw, ih])
    for i in keep:
        box = np.clip((boxes[i] - [left, top, left, top]) / scale, 0, limits)
        if box[2] > box[0] and box[3] > box[1]:
${
  points
    ? `            points = (out[i, ${-3 * points.count}:].reshape(-1, 3) - [left, top, 0]) / [scale, scale, 1]
            yield names[labels[i]], float(scores[i]), box.tolist(), list(zip(point_names[labels[i]], points.tolist()))`
    : `            yield names[labels[i]] if labels[i] < len(names) else str(labels[i]), float(scores[i]), box.tolist()`
}

if __name__ == "__main__":
    for path in sys.argv[1:]:
        for name, score, box${points ? ', points' : ''} in detect(path):
            print(path, name, f"{score:.3f}", *(f"{v:.1f}" for v in box))
${
  points
    ? `            for point, (x, y, confidence) in points:
                print("   ", point, f"{x:.1f}", f"{y:.1f}", f"{confidence:.3f}")
`
    : ''
}`
}
