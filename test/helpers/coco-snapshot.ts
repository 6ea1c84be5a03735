/** A COCO file's images and boxes as a snapshot on disk, without a project. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { noFlags } from '@shared/domain/annotation'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'

interface CocoFile {
  images: { id: number; file_name: string; width: number; height: number }[]
  categories: { id: number; name: string }[]
  annotations: {
    id: number
    image_id: number
    category_id: number
    bbox: [number, number, number, number]
    area: number
    iscrowd: 0 | 1
  }[]
}

export function cocoSnapshot(json: string, images: string): { header: SnapshotHeader; samples: SnapshotSample[] } {
  const coco = JSON.parse(readFileSync(json, 'utf8')) as CocoFile
  const index = new Map(coco.categories.map(({ id }, i) => [id, i]))
  const samples = coco.images.map(({ id, file_name: name, width, height }): SnapshotSample => ({
    id,
    file: join(images, name),
    name,
    width,
    height,
    split: 'test',
    cocoImageId: id,
    annotations: coco.annotations
      .filter(({ image_id: image }) => image === id)
      .map(({ id, category_id: category, bbox: [x, y, w, h], area, iscrowd }) => ({
        id,
        label: index.get(category)!,
        shape: { kind: 'box', box: [x, y, x + w, y + h] },
        flags: { ...noFlags, crowd: iscrowd === 1 },
        area,
      })),
  }))
  const labels = coco.categories.map(({ id, name }) => ({ name, cocoId: id, color: '#000000' }))
  return { header: { version: 1, task: 'detect', labels, samples: samples.length }, samples }
}

export function writeSnapshotFile(file: string, header: SnapshotHeader, samples: readonly SnapshotSample[]): void {
  writeFileSync(file, gzipSync([header, ...samples].map((line) => JSON.stringify(line)).join('\n')))
}
