/**
 * Weights that others trained and published under permissive licences. Nothing of it is shipped: a file is fetched from
 * its authors' page when somebody asks for it. A checksum is stated only where several independent copies of the file
 * have it; publishers of releases rarely state one.
 */
import { TagwrightError } from '../base/errors'
import { nearest } from '../base/registry'

export interface PublishedWeights {
  title: string
  /** Catalog id of the model that they fit. */
  model: string
  /** Where the authors publish them. */
  page: string
  url: string
  /** SPDX identifier. */
  licence: string
  /** What they were trained on. */
  data: string
  /** Side of the square input that they were trained for, px. */
  size: number
  /** COCO AP on val2017 or test-dev as the authors state it. */
  ap: number
  /** null: not known. */
  bytes: number | null
  sha256: string | null
}

const release = 'https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0'
const yolox = (
  name: string,
  facts: Pick<PublishedWeights, 'title' | 'model' | 'size' | 'ap' | 'bytes' | 'sha256'>,
): PublishedWeights => ({
  page: 'https://github.com/Megvii-BaseDetection/YOLOX',
  url: `${release}/${name}.onnx`,
  licence: 'Apache-2.0',
  data: 'COCO 2017, 80 classes',
  ...facts,
})

/** By the name that `--weights` takes. */
export const publishedWeights: ReadonlyMap<string, PublishedWeights> = new Map([
  ['yolox-nano', yolox('yolox_nano', { title: 'YOLOX-Nano', model: 'yolox-nano', size: 416, ap: 25.8, bytes: 3_659_407, sha256: 'c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d' })],
  ['yolox-tiny', yolox('yolox_tiny', { title: 'YOLOX-Tiny', model: 'yolox-tiny', size: 416, ap: 32.8, bytes: 20_219_662, sha256: '427cc366d34e27ff7a03e2899b5e3671425c262ea2291f88bb942bc1cc70b0f7' })],
  ['yolox-s', yolox('yolox_s', { title: 'YOLOX-S', model: 'yolox-s', size: 640, ap: 40.5, bytes: 35_858_002, sha256: 'c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063' })],
  ['yolox-m', yolox('yolox_m', { title: 'YOLOX-M', model: 'yolox-m', size: 640, ap: 47.2, bytes: 101_259_744, sha256: '21ff6cfdeb53b013bac2249599e55f00bff3cfdfdab37ed7a4620818c1d15b3f' })],
  ['yolox-l', yolox('yolox_l', { title: 'YOLOX-L', model: 'yolox-l', size: 640, ap: 50.1, bytes: 216_746_733, sha256: '7860ae79de6c89a3c1eb72ae9a2756c0ccfbe04b7791bb5880afabd97855a411' })],
  ['yolox-darknet53', yolox('yolox_darknet', { title: 'YOLOX-Darknet53', model: 'yolox-darknet53', size: 640, ap: 48.0, bytes: null, sha256: null })],
  ['yolox-x', yolox('yolox_x', { title: 'YOLOX-X', model: 'yolox-x', size: 640, ap: 51.5, bytes: 396_142_663, sha256: 'c892d7aaf1c4746d8a4d675bec669a4db4f434b4ee1efb654bc9b353379c7c55' })],
]) // prettier-ignore

/** @throws `unknown-id` naming the nearest one. */
export function findPublished(name: string, all = publishedWeights): PublishedWeights {
  const found = all.get(name)
  if (found) return found
  const hint = nearest(name, [...all.keys()])
  throw new TagwrightError(
    'unknown-id',
    `The catalogue has no weights "${name}".${hint ? ` Did you mean "${hint}"?` : ''} It has: ${[...all.keys()].join(', ')}. A file of your own is taken with: tagwright weights add <file>`,
    { name, known: [...all.keys()] },
  )
}
