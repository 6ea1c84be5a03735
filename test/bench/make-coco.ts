/** Writes a COCO file of any size, streamed: the images do not exist. The same seed gives the same bytes. */
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { rng } from '@shared/base/rng'

export interface MakeCocoOptions {
  images?: number
  boxes?: number
  categories?: number
  /** Points of each polygon, lowest and highest number. */
  points?: [number, number]
  seed?: number
  /** Order of the lists in the file. */
  order?: ('images' | 'annotations' | 'categories')[]
}

/** Answers the bytes written. Defaults: the size of COCO train2017 (118,000 images, 860,000 boxes). */
export async function makeCoco(file: string, options: MakeCocoOptions = {}): Promise<number> {
  const { images = 118_000, boxes = 860_000, categories = 80, points = [8, 32], seed = 0 } = options
  const order = options.order ?? ['images', 'annotations', 'categories']
  const random = rng('make-coco', seed)
  const stream = createWriteStream(file, { highWaterMark: 1 << 20 })
  let bytes = 0
  let text = ''
  const write = async (part: string, flush = false) => {
    text += part
    if (text.length < 1 << 20 && !flush) return
    bytes += text.length
    if (!stream.write(text)) await once(stream, 'drain')
    text = ''
  }
  const two = (n: number) => Math.round(n * 100) / 100
  const size = (i: number): [number, number] => (i % 3 === 0 ? [480, 640] : [640, 480])
  const row = {
    images: (i: number) => {
      const [width, height] = size(i)
      const name = `${String(i + 1).padStart(12, '0')}.jpg`
      return {
        license: 1 + (i % 8),
        file_name: name,
        coco_url: `http://images.example.org/train2017/${name}`,
        height,
        width,
        date_captured: '2013-11-14 17:02:52',
        id: i + 1,
      }
    },
    annotations: (i: number) => {
      const image = random.int(0, images - 1)
      const [width, height] = size(image)
      const [w, h] = [random.uniform(8, width / 2), random.uniform(8, height / 2)]
      const [x, y] = [random.uniform(0, width - w), random.uniform(0, height - h)]
      const ring: number[] = []
      const count = random.int(points[0], points[1])
      for (let p = 0; p < count; p++) {
        const turn = (2 * Math.PI * p) / count
        ring.push(two(x + (w / 2) * (1 + Math.cos(turn))), two(y + (h / 2) * (1 + Math.sin(turn))))
      }
      return {
        segmentation: [ring],
        area: two(w * h * 0.78),
        iscrowd: 0,
        image_id: image + 1,
        bbox: [two(x), two(y), two(w), two(h)],
        category_id: 1 + random.int(0, categories - 1),
        id: i + 1,
      }
    },
    categories: (i: number) => ({ supercategory: 'thing', id: i + 1, name: `class ${i}` }),
  }
  const counts = { images, annotations: boxes, categories }
  await write('{"info": {"description": "generated", "year": 2026}')
  for (const list of order) {
    await write(`, ${JSON.stringify(list)}: [`)
    for (let i = 0; i < counts[list]; i++) await write(`${i ? ', ' : ''}${JSON.stringify(row[list](i))}`)
    await write(']')
  }
  await write('}', true)
  stream.end()
  await once(stream, 'close')
  return bytes
}
