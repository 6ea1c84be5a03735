/** Real data sets: the counts that other tools publish for them, through import and back. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { datasetsContract } from '@shared/contract/datasets'
import { exportDataset } from '../../src-main/jobs/export-data-job'
import { importDatasets } from '../../src-main/jobs/import-job'
import { openDataset } from '../../src-main/store/read-dataset'
import { initStore, type Store } from '../../src-main/store/store'
import { collect } from '../helpers/collect'
import { need } from '../helpers/need'

const data = need('data')
const context = { signal: new AbortController().signal, report() {}, log() {} }

data.describe('real data sets', () => {
  let folder: string
  let store: Store
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tagwright-golden-'))
    store = initStore(join(folder, 'project'))
  })
  afterEach(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })
  const importIt = (path: string, more: object = {}, into = store) =>
    importDatasets(
      into,
      datasetsContract.methods.import.input.parse({ paths: [join(data.path, path)], ...more }),
      context,
    )
  const items = async (of = store) => {
    const open = openDataset(of)
    try {
      return await collect(open.dataset.items())
    } finally {
      open.close()
    }
  }

  test.each(['detect/bccd', 'detect/bccd/BCCD'])(
    'BCCD from %s: 364 images, 4,888 boxes of which two have no area',
    async (path) => {
      const report = await importIt(path)
      expect(report).toMatchObject({
      format: 'voc', samples: 364, annotations: 4886, labels: 3, warnings: [],
      splits: { train: 205, val: 87, test: 72, none: 0 }, states: { ok: 364, missing: 0, unreadable: 0 },
    }) // prettier-ignore
      expect(report.skipped.map(({ code, file, line }) => `${code} ${file.split('/').pop()}:${line}`)).toEqual([
        'zero-area BloodImage_00338.xml:158',
        'zero-area BloodImage_00343.xml:50',
      ])
      const lines = (file: string) =>
        readFileSync(join(data.path, 'detect/bccd/BCCD/Annotations', file), 'utf8').split('\n')
      expect(lines('BloodImage_00338.xml')[157]).toContain('<object>')
    },
  )

  test('coco128 as YOLO: 941 rows, 12 of them for two images that are not there', async () => {
    const report = await importIt('detect/coco128', { format: 'yolo' })
    expect(report).toMatchObject({ samples: 128, annotations: 929, labels: 80, splits: { train: 128 } })
    expect(report.skipped.map((issue) => issue.message)).toEqual([
      'There is no image for 000000000656.txt, so its 3 rows have no pixels and are skipped. Import the folder that holds both.',
      'There is no image for 000000000659.txt, so its 9 rows have no pixels and are skipped. Import the folder that holds both.',
    ])
  })

  test('coco128 as COCO: 939 annotations, the file comes back with every field', async () => {
    expect(await importIt('detect/coco128', { format: 'coco' })).toMatchObject({
      samples: 128,
      annotations: 939,
      labels: 80,
      skipped: [],
      warnings: [],
      splits: { train: 128 },
    })
    const out = join(folder, 'out')
    await exportDataset(
      store,
      datasetsContract.methods.export.input.parse({ format: 'coco', out, images: 'reference' }),
      context,
    )
    type File = {
      images: { id: number; file_name: string }[]
      annotations: { id: number; bbox: number[] }[]
      categories: unknown[]
    } & Record<string, unknown>
    const before = JSON.parse(
      readFileSync(join(data.path, 'detect/coco128/annotations/instances_train2017.json'), 'utf8'),
    ) as File
    const after = JSON.parse(readFileSync(join(out, 'annotations/instances_train.json'), 'utf8')) as File
    const sorted = (file: File) => ({
      ...file,
      images: [...file.images]
        .sort((a, b) => a.id - b.id)
        .map((image) => ({ ...image, file_name: image.file_name.split('/').pop() })),
      annotations: [...file.annotations].sort((a, b) => a.id - b.id),
    })
    expect(sorted(after)).toEqual(sorted(before))
  })

  test('coco128 names two formats when none is chosen', async () => {
    await expect(importIt('detect/coco128')).rejects.toMatchObject({
      code: 'ambiguous-format',
      details: { candidates: ['coco', 'yolo'] },
    })
  })

  test.each(['voc', 'yolo', 'coco'])('BCCD through %s and back has the same boxes', async (format) => {
    await importIt('detect/bccd')
    const out = join(folder, 'out')
    await exportDataset(store, datasetsContract.methods.export.input.parse({ format, out }), context)
    const second = initStore(join(folder, 'second'))
    try {
      const report = await importDatasets(
        second,
        datasetsContract.methods.import.input.parse({ paths: [out] }),
        context,
      )
      expect(report).toMatchObject({
        format,
        samples: 364,
        annotations: 4886,
        skipped: [],
        warnings: [],
        splits: { train: 205, val: 87, test: 72 },
      })
      const boxes = async (of: Store) =>
        (await items(of))
          .map(({ sample, annotations }) => [
            sample.path.split('/').pop(),
            ...annotations.map(({ shape }) =>
              shape.kind === 'box' ? shape.box.map((n) => Math.round(n * 1e5) / 1e5) : shape,
            ),
          ])
          .sort()
      expect(await boxes(second)).toEqual(await boxes(store))
    } finally {
      second.close()
    }
  })

  test.each([
    'coco/test_coco.json',
    'coco/test_coco_wholebody.json',
    'ap10k/test_ap10k.json',
    'crowdpose/test_crowdpose.json',
    'wflw/test_wflw.json',
    'macaque/test_macaque.json',
  ])('keypoints of %s are read', async (file) => {
    const json = JSON.parse(readFileSync(join(data.path, 'pose/mmpose-samples/tests/data', file), 'utf8')) as {
      images: unknown[]
      annotations: { num_keypoints?: number }[]
    }
    const report = await importIt(join('pose/mmpose-samples/tests/data', file))
    expect(report.samples).toBe(json.images.length)
    expect(report.annotations + report.counts.skipped).toBe(json.annotations.length)
    expect((await items()).flatMap((item) => item.annotations).some(({ shape }) => shape.kind === 'keypoints')).toBe(
      true,
    )
  })
})
