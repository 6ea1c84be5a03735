/** A project in a temporary folder for tests of imports and exports. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach } from 'vitest'
import { datasetsContract } from '@shared/contract/datasets'
import { exportDataset } from '../../../src-main/jobs/export-data-job'
import { importDatasets } from '../../../src-main/jobs/import-job'
import { openDataset } from '../../../src-main/store/read-dataset'
import { initStore, type Store } from '../../../src-main/store/store'
import { collect } from '../../helpers/collect'

let root: string
export let store: Store
export const context = { signal: new AbortController().signal, report() {}, log() {} }
export const at = (...path: string[]) => join(root, ...path)
export const write = (path: string, content: string | Buffer) => {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), content)
}
export const picture = (
  width = 40,
  height = 30,
  options: { format?: 'jpeg' | 'png' | 'webp' | 'tiff' | 'gif'; orientation?: number } = {},
) => {
  const image = sharp({ create: { width, height, channels: 3, background: '#336699' } })
  if (options.orientation) image.withMetadata({ orientation: options.orientation })
  return image.toFormat(options.format ?? 'jpeg').toBuffer()
}
export const voc = (width: number, height: number, box: number[], name = 'boat') =>
  `<annotation><size><width>${width}</width><height>${height}</height><depth>3</depth></size><object><name>${name}</name><bndbox><xmin>${box[0]}</xmin><ymin>${box[1]}</ymin><xmax>${box[2]}</xmax><ymax>${box[3]}</ymax></bndbox></object></annotation>`
export const importIt = (paths: string | string[], more: object = {}) =>
  importDatasets(
    store,
    datasetsContract.methods.import.input.parse({ paths: [paths].flat().map((path) => at(path)), ...more }),
    context,
  )
export const exportIt = (format: string, out: string, more: object = {}) =>
  exportDataset(store, datasetsContract.methods.export.input.parse({ format, out: at(out), ...more }), context)
export const codes = (issues: { code: string }[]) => issues.map((issue) => issue.code)
/** YOLO holds nine decimals of the image's size. */
export const rounded = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value, (_, n: unknown) => (typeof n === 'number' ? Math.round(n * 1e6) / 1e6 : n))) as T
export const items = async () => {
  const open = openDataset(store)
  try {
    return await collect(open.dataset.items())
  } finally {
    open.close()
  }
}
export const tree = (folder: string): string[] =>
  readdirSync(at(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(at(folder).length + 1))
    .sort()

/** Goes on in a new project beside the old one. */
export function reopen(folder: string): void {
  store.close()
  store = initStore(at(folder))
}

/** A fresh project before every test of the file that calls this. */
export function eachInOwnProject(): void {
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tagwright-import-'))
    store = initStore(at('project'))
  })
  afterEach(() => {
    store.close()
    rmSync(root, { recursive: true })
  })
}
