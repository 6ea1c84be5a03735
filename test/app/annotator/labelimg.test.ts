/** Ten BCCD images labelled as a LabelImg user would; what is exported is what was drawn, to the pixel. */
import { copyFileSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import {
  boxesOf,
  chooseLabel,
  createWorkplace,
  drawBox,
  mapping,
  samplesByName,
  see,
  shown,
  stored,
  type Workplace,
} from '../../helpers/annotator-window'
import { need } from '../../helpers/need'

const browser = need('browser')
const data = need('data')
const [width, height] = [640, 480]
/** Of each image; all of them would be the same gestures more often. */
const objectsPerImage = 6

interface Box {
  label: string
  box: [number, number, number, number]
}
/** The objects of a LabelImg file. */
function readVoc(file: string): Box[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/<object>[\s\S]*?<\/object>/g)].map(([object]) => {
    const get = (tag: string) => new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(object)![1]
    return { label: get('name'), box: [+get('xmin'), +get('ymin'), +get('xmax'), +get('ymax')] }
  })
}
const asText = (boxes: readonly Box[]) => boxes.map(({ label, box }) => `${label} ${box.join(',')}`).sort()

let place: Workplace
const truth = new Map<string, Box[]>()
const ready = browser.available && data.available
beforeAll(async () => {
  if (!ready) return
  const root = join(data.path, 'detect/bccd/BCCD')
  const pictures = join(root, 'JPEGImages')
  const files = readdirSync(pictures).filter((name) => name.endsWith('.jpg')).sort().slice(0, 10) // prettier-ignore
  place = await createWorkplace(browser.path, {
    make(folder) {
      for (const name of files) {
        copyFileSync(join(pictures, name), join(folder, name))
        const boxes = readVoc(join(root, 'Annotations', name.replace('.jpg', '.xml')))
        truth.set(name, boxes.filter(({ box: [x1, y1, x2, y2] }) => x2 - x1 > 3 && y2 - y1 > 3).slice(0, objectsPerImage)) // prettier-ignore
      }
    },
  })
})
afterAll(() => place?.close())

const test = ready ? browser.test : data.available ? browser.test : data.test
test('ten BCCD images are labelled by W, mouse, Enter, Space and D, and exported as VOC and YOLO', async () => {
  const page = await place.open()
  const { api } = place.served
  const ids = await samplesByName(api)
  const names = [...truth.keys()]
  for (const [at, name] of names.entries()) {
    await shown(page, at + 1)
    const on = await mapping(page, width, height)
    for (const [i, { label, box }] of truth.get(name)!.entries()) {
      if (at === 1 && i === 0) {
        // One without the mouse: a cursor moved by arrows, corners set by Enter.
        const draw = async ([x, y]: [number, number], from: [number, number]) => {
          await arrows('Right', x - from[0])
          await arrows('Down', y - from[1])
          await page.keyboard.press('Enter')
        }
        const arrows = async (towards: 'Right' | 'Down', by: number) => {
          const key = by > 0 ? towards : { Right: 'Left', Down: 'Up' }[towards]
          for (let left = Math.abs(by); left > 0; left -= left >= 10 ? 10 : 1) {
            await page.keyboard.press(left >= 10 ? `Shift+Arrow${key}` : `Arrow${key}`)
          }
        }
        await page.keyboard.press('w')
        await draw([box[0], box[1]], [width / 2, height / 2])
        await draw([box[2], box[3]], [box[0], box[1]])
        await chooseLabel(page, label)
      } else await drawBox(page, on, box, label)
    }
    await stored(page)
    expect(await boxesOf(api, ids.get(name)!), name).toEqual(asText(truth.get(name)!))
    await page.keyboard.press('Space')
    await see(page.getByRole('button', { name: 'Mark as reviewed' })).toHaveAttribute('aria-pressed', 'true')
    if (at < names.length - 1) await page.keyboard.press('d')
  }
  const info = await api.project.info()
  expect(info.samples.reviewed).toBe(10)

  // Labels keep the order in which they were first typed: that order is the class list of every export.
  const { labels } = await api.labels.list()
  const order = [...new Set(names.flatMap((name) => truth.get(name)!.map((one) => one.label)))]
  expect(labels.map((label) => label.name)).toEqual(order)

  for (const format of ['voc', 'yolo']) {
    const { job } = await api.datasets.export({ format, out: join(place.folder, format), images: 'copy' })
    expect((await api.jobs.wait({ job })).status).toBe('done')
  }
  const written = (folder: string, ending: string) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(ending))
  const xml = written(join(place.folder, 'voc'), '.xml')
  expect(xml).toHaveLength(10)
  for (const file of xml) {
    const name = file.split(/[\\/]/).at(-1)!.replace('.xml', '.jpg')
    expect(asText(readVoc(join(place.folder, 'voc', file))), file).toEqual(asText(truth.get(name)!))
  }
  const txt = written(join(place.folder, 'yolo'), '.txt').filter((file) => /BloodImage/.test(file))
  expect(txt).toHaveLength(10)
  for (const file of txt) {
    const name = file.split(/[\\/]/).at(-1)!.replace('.txt', '.jpg')
    const lines = readFileSync(join(place.folder, 'yolo', file), 'utf8')
      .trim()
      .split('\n')
    const boxes = lines.map((line): Box => {
      const [index, cx, cy, w, h] = line.split(' ').map(Number)
      const edges = [(cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height]
      // Six decimals of a share of 640 are good for a thousandth of a pixel.
      for (const edge of edges) expect(Math.abs(edge - Math.round(edge))).toBeLessThan(0.002)
      return { label: order[index], box: edges.map(Math.round) as Box['box'] }
    })
    expect(asText(boxes), file).toEqual(asText(truth.get(name)!))
  }
}, 400_000)
