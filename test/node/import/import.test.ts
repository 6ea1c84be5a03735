import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, symlinkSync, writeSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { ZipFile } from 'yazl'
import { formats } from '@shared/catalog/formats'
import { datasetsContract } from '@shared/contract/datasets'
import { importDatasets } from '../../../src-main/jobs/import-job'
import { projectInfo } from '../../../src-main/services/project'
import { openDataset } from '../../../src-main/store/read-dataset'
import { removeImport } from '../../../src-main/store/remove-import'
import { collect } from '../../helpers/collect'

import { at, codes, context, eachInOwnProject, importIt, items, picture, store, tree, voc, write } from './fixture'

eachInOwnProject()

describe('what cannot be imported, and what the message says', () => {
  const message = (error: string) => error.replaceAll('ROOT', at())
  it.each([
    [
      'an empty folder',
      () => mkdirSync(at('d')),
      'empty-folder',
      'ROOT/d holds no images and no annotation files. Check the path.',
    ],
    ['a folder that is not there', () => {}, 'not-found', 'There is no file or folder ROOT/d. Check the path.'],
    [
      'a folder of something else',
      () => write('d/notes.md', 'x'),
      'unknown-format',
      `No known annotation format was found in ROOT/d, which holds .md. Known: ${formats.ids.join(', ')}.`,
    ],
  ])('%s', async (_, make, code, text) => {
    make()
    await expect(importIt('d')).rejects.toMatchObject({ code, message: message(text) })
    expect(projectInfo(store).imports).toBe(0)
  })

  it('a file of something else is named itself, not what lies around it', async () => {
    write('d/a.jpg', await picture())
    write('d/notes.md', 'x')
    await expect(importIt('d/notes.md')).rejects.toMatchObject({
      code: 'unknown-format',
      message: message(`ROOT/d/notes.md is in no annotation format that is known. Known: ${formats.ids.join(', ')}.`),
    })
  })

  it('a format that is not there names what is', async () => {
    write('d/a.jpg', await picture())
    write('d/a.xml', voc(40, 30, [1, 2, 3, 4]))
    await expect(importIt('d', { format: 'coco' })).rejects.toMatchObject({
      code: 'format-mismatch',
      message: message('There is no COCO JSON in ROOT/d. It looks like: voc, images.'),
    })
    await expect(importIt('d', { format: 'vox' })).rejects.toMatchObject({
      code: 'unknown-id',
      message: `There is no format "vox". Did you mean "voc"? Known: ${formats.ids.join(', ')}.`,
    })
    await expect(importIt('d', { options: { origin: 'x' } })).rejects.toMatchObject({ code: 'bad-option' })
    await expect(importIt('d', { labels: at('none.txt') })).rejects.toMatchObject({
      code: 'bad-labels',
      message: message(
        'The class list ROOT/none.txt cannot be read (ENOENT). Give a text file with one name a line, or a YAML file with "names".',
      ),
    })
  })

  it('several formats that fit alike are listed', async () => {
    write('d/a.jpg', await picture())
    write('d/a.xml', voc(40, 30, [1, 2, 3, 4]))
    write('d/a.txt', '0 .5 .5 .1 .1')
    await expect(importIt('d')).rejects.toMatchObject({
      code: 'ambiguous-format',
      message: message('ROOT/d fits several formats equally: voc, yolo. Choose one with --format.'),
      details: { candidates: ['voc', 'yolo'] },
    })
    expect((await importIt('d', { format: 'voc' })).annotations).toBe(1)
  })

  it('photographs that cannot be decoded are named one by one, with what to do', async () => {
    write('d/a.jpg', await picture())
    write('d/IMG_1.CR2', 'II*\0')
    write('d/b.heic', Buffer.from('00000018667479706865696300000000', 'hex'))
    const report = await importIt('d')
    expect(report).toMatchObject({ format: 'images', samples: 2, states: { ok: 1, missing: 0, unreadable: 1 } })
    expect(report.skipped).toEqual([
      {
        level: 'skipped',
        code: 'cannot-decode',
        message:
          'IMG_1.CR2 is a camera RAW file, which cannot be decoded here; it is not imported. Convert it to JPEG, PNG or TIFF.',
        file: 'IMG_1.CR2',
      },
    ])
    expect(report.warnings.map(({ code, message }) => [code, message])).toEqual([
      [
        'image-unreadable',
        'b.heic cannot be read: it is a HEIC photograph, which cannot be decoded here; convert it to JPEG or PNG. Its row is kept as unreadable and is not trained on; replace the file and import again.',
      ],
    ])
    expect((await importIt(['d/a.jpg', 'd/IMG_1.CR2'])).counts.codes).toEqual({ 'cannot-decode': 1 })
    const error = { code: 'cannot-decode', message: expect.stringContaining('1 camera RAW files, first IMG_1.CR2') }
    await expect(importIt('d/IMG_1.CR2')).rejects.toMatchObject(error)
  })

  it('a zip is unpacked into the project, and taken away again when it cannot be imported', async () => {
    const pack = (files: Record<string, Buffer>): Promise<Buffer> => {
      const zip = new ZipFile()
      for (const [name, content] of Object.entries(files)) zip.addBuffer(content, name)
      zip.end()
      return buffer(zip.outputStream)
    }
    const files = { 'images/a.jpg': await picture(), 'labels/a.txt': Buffer.from('0 .5 .5 .5 .5\n'), 'classes.txt': Buffer.from('boat\n') } // prettier-ignore
    write('harbour.zip', await pack(files))
    expect(await importIt('harbour.zip')).toMatchObject({ format: 'yolo', samples: 1, annotations: 1 })
    expect(tree('project/images')).toEqual(['harbour/classes.txt', 'harbour/images/a.jpg', 'harbour/labels/a.txt'])
    expect((await importIt('harbour.zip')).samples).toBe(1)
    write('notes.zip', await pack({ 'notes.md': Buffer.from('x') }))
    await expect(importIt('notes.zip')).rejects.toMatchObject({ code: 'unknown-format' })
    const damaged = await pack({ 'a.jpg': await picture() })
    damaged[60] ^= 255
    write('damaged.zip', damaged)
    await expect(importIt('damaged.zip')).rejects.toMatchObject({
      code: 'bad-zip',
      message: expect.stringContaining('a.jpg is damaged'),
    })
    expect(readdirSync(at('project/images')).sort()).toEqual(['harbour', 'harbour-2'])
  })

  it('a file that ends in the middle leaves nothing behind', async () => {
    write('d/a.jpg', await picture())
    write(
      'd/x.json',
      '{"categories":[{"id":1,"name":"cat"}],"images":[{"id":1,"file_name":"a.jpg"}],"annotations":[{"id":1',
    )
    await expect(importIt('d')).rejects.toMatchObject({
      code: 'bad-json',
      message: 'x.json ends at byte 100 (line 1) inside of "annotations": the file is empty or cut off. Get it again.',
    })
    expect(projectInfo(store)).toMatchObject({ samples: { total: 0 }, labels: [], imports: 0 })
  })

  it('200 MB of nonsense JSON on disk fails fast in little memory', { timeout: 240_000 }, async () => {
    const file = openSync(at('big.json'), 'w')
    const block = Buffer.from('{"images":[{"x":[1,2,3,4,5,6,7,8,'.padEnd(1 << 20, '1,2,3,4,'))
    for (let i = 0; i < 200; i++) writeSync(file, i === 0 ? block : block.subarray(40, 40 + (1 << 20) - 40))
    closeSync(file)
    const before = process.memoryUsage().rss
    let top = 0
    const watch = setInterval(() => (top = Math.max(top, process.memoryUsage().rss)), 20)
    const started = process.cpuUsage()
    await expect(importIt('big.json')).rejects.toMatchObject({
      code: 'bad-json',
      message: expect.stringMatching(
        /^big\.json ends at byte \d+ \(line 1\) inside of "images": the file is empty or cut off\. Get it again\.$/,
      ) as string,
    })
    clearInterval(watch)
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(10)
    expect(top - before).toBeLessThan(150 * 1024 * 1024)
  })
})

describe('images', () => {
  it('that are damaged or gone keep a row with their state, and are reported', async () => {
    const jpeg = await picture(400, 300)
    const files: Record<string, Buffer> = {
      'whole.jpg': jpeg, 'cut.jpg': jpeg.subarray(0, jpeg.length - 200), 'cut.png': (await picture(400, 300, { format: 'png' })).subarray(0, 200),
      'empty.jpg': Buffer.alloc(0), 'text.jpg': Buffer.from('hello'), 'tail.jpg': Buffer.concat([jpeg, Buffer.from('camera notes')]),
      'whole.gif': await picture(40, 30, { format: 'gif' }), 'whole.webp': await picture(40, 30, { format: 'webp' }), 'whole.tiff': await picture(40, 30, { format: 'tiff' }),
    } // prettier-ignore
    for (const [name, bytes] of Object.entries(files)) write(`d/${name}`, bytes)
    write('d/gone.xml', voc(40, 30, [1, 2, 3, 4]).replace('<size>', '<filename>gone.jpg</filename><size>'))
    const report = await importIt('d')
    expect(report.format).toBe('voc')
    expect(report.states).toEqual({ ok: 5, missing: 1, unreadable: 4 })
    expect(report.warnings.map(({ code, file }) => `${code} ${file}`).sort()).toEqual([
      'image-missing gone.jpg',
      'image-unreadable cut.jpg',
      'image-unreadable cut.png',
      'image-unreadable empty.jpg',
      'image-unreadable text.jpg',
    ])
    expect(report.warnings.find((issue) => issue.file === 'empty.jpg')!.message).toBe(
      'empty.jpg cannot be read: it is empty. Its row is kept as unreadable and is not trained on; replace the file and import again.',
    )
    expect(report.warnings.find((issue) => issue.file === 'cut.jpg')!.message).toMatch(
      /^cut\.jpg cannot be read: it is cut off or damaged \(.+\)\. Its row is kept/,
    )
    expect(report.warnings.find((issue) => issue.file === 'gone.jpg')!.message).toBe(
      'gone.jpg is not there; its row is kept as missing. Restore the image, or import again together with its folder.',
    )
    expect(projectInfo(store).samples.states).toEqual(report.states)
    // Once the file is whole, importing again mends the row.
    write('d/cut.jpg', jpeg)
    await importIt('d')
    expect(projectInfo(store).samples).toMatchObject({ total: 10, states: { ok: 6, missing: 1, unreadable: 3 } })
  })

  it('turned by EXIF: boxes of the stored frame are turned with a warning, upright ones are kept', async () => {
    write('d/raw.jpg', await picture(40, 30, { orientation: 6 }))
    write('d/raw.xml', voc(40, 30, [0, 0, 10, 5]))
    write('d/up.jpg', await picture(40, 30, { orientation: 6 }))
    write('d/up.xml', voc(30, 40, [25, 0, 30, 10]))
    const report = await importIt('d')
    expect(report.warnings).toEqual([
      {
        level: 'warning',
        code: 'exif-turned',
        file: 'raw.jpg',
        message:
          'The file states 40 x 30, but raw.jpg is 30 x 40 when upright (EXIF orientation 6); its annotations are turned with it.',
      },
    ])
    for (const { sample, annotations } of await items()) {
      expect([sample.width, sample.height]).toEqual([30, 40])
      expect(annotations[0].shape).toEqual({ kind: 'box', box: [25, 0, 30, 10] })
    }
  })

  it('whose stated size is another one are warned about; half turns are named', async () => {
    write('d/a.jpg', await picture(40, 30))
    write('d/a.xml', voc(80, 60, [0, 0, 10, 5]))
    write('d/b.jpg', await picture(40, 30, { orientation: 3 }))
    write('d/b.xml', voc(40, 30, [0, 0, 10, 5]))
    expect(codes((await importIt('d')).warnings)).toEqual(['size-differs', 'exif-unclear'])
  })

  it('alone are imported without annotations; splits come from folder names', async () => {
    for (const name of ['train/a.jpg', 'valid/b.png', 'c.webp'])
      write(
        `d/${name}`,
        await picture(40, 30, { format: name.endsWith('png') ? 'png' : name.endsWith('webp') ? 'webp' : 'jpeg' }),
      )
    write('d/readme.md', 'x')
    const report = await importIt('d')
    expect(report).toMatchObject({
      format: 'images',
      samples: 3,
      annotations: 0,
      splits: { train: 1, val: 1, test: 0, none: 1 },
    })
    expect(report.warnings.map((issue) => issue.message)).toEqual([
      'No annotation format was recognised in the 1 other files, first readme.md; the images are imported without annotations.',
    ])
  })

  it('of hidden folders, other projects and circular links are left out', async () => {
    for (const name of ['a.jpg', '.hidden/b.jpg', '__MACOSX/c.jpg', 'other/project.tagwright', 'other/blobs/d.jpg'])
      write(`d/${name}`, await picture())
    symlinkSync(at('d'), at('d/loop'))
    symlinkSync(at('nowhere'), at('d/e.jpg'))
    expect((await importIt('d')).samples).toBe(1)
  })

  it('are copied with --copy, so that the originals may go', async () => {
    write('d/a.jpg', await picture())
    await importIt('d', { copy: true })
    const open = openDataset(store)
    const [{ sample }] = await collect(open.dataset.items())
    expect(open.imageFile(sample.key).startsWith(at('project', 'blobs'))).toBe(true)
    expect(readFileSync(open.imageFile(sample.key))).toEqual(readFileSync(at('d/a.jpg')))
    open.close()
  })

  it('are copied too where they were only referred to before', async () => {
    write('d/a.jpg', await picture())
    await importIt('d')
    expect(await importIt('d', { copy: true })).toMatchObject({ samples: 0, matchedSamples: 1 })
    const open = openDataset(store)
    const [{ sample }] = await collect(open.dataset.items())
    expect(open.imageFile(sample.key).startsWith(at('project', 'blobs'))).toBe(true)
    open.close()
  })
})

describe('imports', () => {
  const dataset = async () => {
    write('d/JPEGImages/a.jpg', await picture())
    write('d/JPEGImages/b.jpg', await picture())
    write('d/Annotations/a.xml', voc(40, 30, [1, 2, 30, 20]))
    write('d/Annotations/b.xml', voc(40, 30, [1, 2, 30, 20], 'buoy'))
    write('d/ImageSets/Main/train.txt', 'a\n')
    write('d/ImageSets/Main/val.txt', 'b\n')
  }

  it('keep splits from the root, from above it, and from the annotation folder; a second time changes nothing', async () => {
    await dataset()
    const first = await importIt('d')
    expect(first).toMatchObject({
      format: 'voc',
      samples: 2,
      annotations: 2,
      labels: 2,
      splits: { train: 1, val: 1, test: 0, none: 0 },
      warnings: [],
      skipped: [],
    })
    for (const path of ['d', 'd/Annotations'])
      expect(await importIt(path)).toMatchObject({
        samples: 0,
        annotations: 0,
        labels: 0,
        matchedSamples: 2,
        unchangedAnnotations: 2,
        splits: { train: 1, val: 1 },
      })
    expect(projectInfo(store)).toMatchObject({ samples: { total: 2 }, annotations: { total: 2 } })
  })

  it('--split replaces the splits of the files and says so', async () => {
    await dataset()
    const report = await importIt('d', { split: 'test' })
    expect(report.splits).toEqual({ train: 0, val: 0, test: 2, none: 0 })
    expect(report.warnings.map((issue) => issue.message)).toEqual([
      '--split test replaces the splits that the files state: train 1, val 1.',
    ])
  })

  it('--labels fixes the order of the classes', async () => {
    await dataset()
    write('names.txt', 'buoy\nlighthouse\nboat\n')
    await importIt('d', { labels: at('names.txt') })
    expect(projectInfo(store).labels.map((label) => label.name)).toEqual(['buoy', 'lighthouse', 'boat'])
  })

  it('can be taken out again', async () => {
    await dataset()
    const report = await importIt('d')
    removeImport(store, report.imports[0])
    expect(projectInfo(store)).toMatchObject({ samples: { total: 0 }, annotations: { total: 0 }, labels: [] })
    store.undo()
    expect(projectInfo(store)).toMatchObject({ samples: { total: 2 }, annotations: { total: 2 } })
  })

  it('stop when they are cancelled, and leave nothing', async () => {
    await dataset()
    const abort = new AbortController()
    const params = datasetsContract.methods.import.input.parse({ paths: [at('d')] })
    const running = importDatasets(store, params, {
      ...context,
      signal: abort.signal,
      report: (phase) => phase === 'reading images' && abort.abort(),
    })
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
    expect(projectInfo(store)).toMatchObject({ samples: { total: 0 }, labels: [], imports: 0 })
  })

  it('find the images of a COCO file in the folder beside it, and in a folder named with it', async () => {
    const json = JSON.stringify({
      images: [{ id: 5, file_name: 'a.jpg', width: 40, height: 30 }],
      categories: [{ id: 3, name: 'boat' }],
      annotations: [{ id: 1, image_id: 5, category_id: 3, bbox: [1, 2, 10, 10] }],
    })
    write('d/images/train2017/a.jpg', await picture())
    write('d/annotations/instances_train2017.json', json)
    write('elsewhere/boats.json', json)
    expect(await importIt('d/annotations/instances_train2017.json')).toMatchObject({
      format: 'coco',
      samples: 1,
      annotations: 1,
      states: { ok: 1, missing: 0 },
      splits: { train: 1 },
    })
    expect(await importIt(['elsewhere/boats.json', 'd/images'])).toMatchObject({
      matchedSamples: 1,
      unchangedAnnotations: 1,
    })
    expect(await importIt('elsewhere/boats.json')).toMatchObject({ samples: 1, states: { missing: 1 } })
  })

  it('count every issue and keep a hundred of a kind', async () => {
    write('d/a.jpg', await picture())
    write('d/classes.txt', 'cat')
    write('d/a.txt', '0 .5 .5 .1 .1\n' + '9 .5 .5 .1 .1\n'.repeat(500))
    const report = await importIt('d')
    expect(report.skipped).toHaveLength(100)
    expect(report.counts).toEqual({ skipped: 500, warnings: 0, codes: { 'unknown-class': 500 } })
    expect(report.skipped[0]).toMatchObject({ file: 'a.txt', line: 2 })
  })
})
