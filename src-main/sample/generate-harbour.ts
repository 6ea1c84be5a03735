/**
 * The sample project's data: harbour scenes painted at run time, written as any data set would come: JPEG files with
 * COCO JSON (boxes and keypoints) in three splits, tags in a CSV, and clean/noisy pairs.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Split } from '@shared/domain/split'
import { TagwrightError } from '@shared/base/errors'
import { encodeJpeg, encodePng } from '../media/encode-image'
import { harbourClasses, paintScene, type Scene, type SceneObject } from './scene'
import { boatKeypoints, vesselClasses } from './vessels'

export interface HarbourOptions {
  /** Created when it is not there; must hold nothing else. */
  dir: string
  /** At least 10; default 240. */
  images?: number
  seed?: number
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

export interface HarbourFiles {
  images: number
  boxes: number
  /** COCO JSON per split; import `dir` to take all of them. */
  annotations: Record<Split, string>
  /** Rows image, split, light, weather, main class. */
  tags: string
  /** Folders with files of equal names. */
  pairs: { clean: string; noisy: string }
}

const width = 480
const height = 320
/** Of every 12 images: 8 train, 2 val, 2 test. */
const splitOf = (index: number): Split => (index % 12 < 8 ? 'train' : index % 12 < 10 ? 'val' : 'test')
/** Every tenth image also comes as a clean/noisy pair. */
const pairStep = 10
const noiseLevels = [15, 25, 50]

/** The same options give the same files, byte for byte, with the same image library. */
export async function generateHarbour(options: HarbourOptions): Promise<HarbourFiles> {
  const { dir, images = 240, seed = 0 } = options
  if (!Number.isInteger(images) || images < 10) {
    throw new TagwrightError('bad-input', `The sample needs at least 10 images, ${images} were asked for.`)
  }
  const splits: Split[] = ['train', 'val', 'test']
  const folders = { clean: join(dir, 'pairs/clean'), noisy: join(dir, 'pairs/noisy') }
  for (const split of splits) await mkdir(join(dir, 'images', split), { recursive: true })
  await mkdir(folders.clean, { recursive: true })
  await mkdir(folders.noisy, { recursive: true })
  await mkdir(join(dir, 'annotations'), { recursive: true })

  const coco = Object.fromEntries(splits.map((split) => [split, createCoco()])) as Record<Split, Coco>
  const tags = ['image,split,light,weather,main']
  let boxes = 0
  for (let i = 0; i < images; i++) {
    options.signal?.throwIfAborted()
    const scene = paintScene(width, height, 'harbour', seed, i)
    const name = `harbour-${String(i + 1).padStart(4, '0')}`
    const split = splitOf(i)
    await writeFile(join(dir, 'images', split, `${name}.jpg`), await encodeJpeg(scene.pixels, width, height))
    if (i % pairStep === 0) {
      const sigma = noiseLevels[(i / pairStep) % noiseLevels.length]
      await writeFile(join(folders.clean, `${name}.png`), await encodePng(scene.noisy(0), width, height))
      await writeFile(join(folders.noisy, `${name}.png`), await encodePng(scene.noisy(sigma), width, height))
    }
    addScene(coco[split], i + 1, `${name}.jpg`, scene)
    tags.push([`images/${split}/${name}.jpg`, split, scene.light, scene.weather, mainClass(scene.objects)].join())
    boxes += scene.objects.length
    options.onProgress?.(i + 1, images)
  }
  const annotations = {} as Record<Split, string>
  for (const split of splits) {
    annotations[split] = join(dir, 'annotations', `instances_${split}.json`)
    await writeFile(annotations[split], JSON.stringify(coco[split]))
  }
  await writeFile(join(dir, 'tags.csv'), tags.join('\n') + '\n')
  return { images, boxes, annotations, tags: join(dir, 'tags.csv'), pairs: folders }
}

/** The class that fills most of the picture. */
function mainClass(objects: readonly SceneObject[]): string {
  return objects.reduce((best, object) => (object.area > best.area ? object : best), { name: 'none', area: 0 } as {
    name: string
    area: number
  }).name
}

interface Coco {
  info: object
  images: object[]
  categories: object[]
  annotations: object[]
}

function createCoco(): Coco {
  return {
    info: { description: 'Tagwright harbour sample', version: '1' },
    images: [],
    categories: harbourClasses.map((name, i) => ({
      id: i + 1,
      name,
      supercategory: 'harbour',
      ...((vesselClasses as readonly string[]).includes(name)
        ? {
            keypoints: [...boatKeypoints],
            // bow-waterline-stern, bow-bridge-stern, bridge-mast; 1-based as COCO has it.
            skeleton: [
              [1, 5],
              [5, 2],
              [1, 4],
              [4, 2],
              [4, 3],
            ],
          }
        : {}),
    })),
    annotations: [],
  }
}

function addScene(coco: Coco, imageId: number, file: string, scene: Scene): void {
  coco.images.push({ id: imageId, file_name: file, width: scene.width, height: scene.height })
  scene.objects.forEach((object, k) => {
    const [x1, y1, x2, y2] = object.box
    const points = object.keypoints?.flatMap(([x, y, v]) => [round(x), round(y), v])
    coco.annotations.push({
      id: imageId * 100 + k,
      image_id: imageId,
      category_id: harbourClasses.indexOf(object.name) + 1,
      bbox: [x1, y1, x2 - x1, y2 - y1],
      area: object.area,
      iscrowd: 0,
      ...(points ? { keypoints: points, num_keypoints: object.keypoints!.filter(([, , v]) => v > 0).length } : {}),
    })
  })
}

const round = (x: number) => Math.round(x * 100) / 100
