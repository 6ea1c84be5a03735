import { existsSync, readFileSync, rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { projectInfo } from '../../../src-main/services/project'
import {
  at,
  codes,
  eachInOwnProject,
  exportIt,
  importIt,
  items,
  picture,
  reopen,
  rounded,
  store,
  tree,
  voc,
  write,
} from './fixture'

eachInOwnProject()

describe('exports', () => {
  const two = async () => {
    write('d/train/a.jpg', await picture())
    write('d/train/a.xml', voc(40, 30, [1, 2, 30.5, 20]))
    write('d/val/b.png', await picture(40, 30, { format: 'png' }))
    write('d/val/b.xml', voc(40, 30, [3, 4, 13, 14], 'buoy'))
    await importIt('d')
  }

  it.each(['voc', 'yolo', 'coco'])('in %s come back the same', async (format) => {
    await two()
    const before = (await items()).map(({ sample, annotations }) => [
      sample.path.split('/').pop(),
      sample.split,
      annotations.map(({ shape }) => shape),
    ])
    const report = await exportIt(format, 'out')
    expect(report).toMatchObject({ samples: 2, annotations: 2, images: 2, skipped: [], warnings: [] })
    reopen('second')
    const again = await importIt('out')
    expect(again).toMatchObject({
      format,
      samples: 2,
      annotations: 2,
      skipped: [],
      warnings: [],
      splits: { train: 1, val: 1 },
    })
    expect(
      rounded(
        (await items()).map(({ sample, annotations }) => [
          sample.path.split('/').pop(),
          sample.split,
          annotations.map(({ shape }) => shape),
        ]),
      ),
    ).toEqual(before)
    expect(projectInfo(store).labels.map((label) => label.name)).toEqual(['boat', 'buoy'])
    expect(tree('out').filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('refuse names that collide before anything is written, or number them', async () => {
    write('d/x/a.jpg', await picture())
    write('d/y/A.png', await picture(40, 30, { format: 'png' }))
    await importIt('d')
    await expect(exportIt('voc', 'out')).rejects.toMatchObject({
      code: 'name-collision',
      message:
        'Pascal VOC XML names annotation files after images, and 1 name is taken twice: x/a.jpg and y/A.png. Export with --rename to number them, or as coco.',
    })
    expect(existsSync(at('out'))).toBe(false)
    await exportIt('voc', 'out', { rename: true })
    expect(tree('out')).toEqual([
      'Annotations/A-2.xml',
      'Annotations/a.xml',
      'JPEGImages/A-2.png',
      'JPEGImages/a.jpg',
      'labels.txt',
      'names.csv',
    ])
    expect(readFileSync(at('out/names.csv'), 'utf8')).toBe('name,original\ny/A-2.png,y/A.png\n')
    await exportIt('coco', 'out2')
    expect(tree('out2')).toEqual(['annotations/instances.json', 'images/x/a.jpg', 'images/y/A.png'])
  })

  it('never write into a folder with files unless forced, and never over an original', async () => {
    await two()
    write('out/mine.txt', 'mine')
    await expect(exportIt('voc', 'out')).rejects.toMatchObject({
      code: 'folder-not-empty',
      message: `${at('out')} is not empty. Choose another folder, or replace files of the same name with --force.`,
    })
    await exportIt('voc', 'out', { force: true })
    expect(readFileSync(at('out/mine.txt'), 'utf8')).toBe('mine')
    // An original that lies where a copy would go, with another content.
    write('e/JPEGImages/a.jpg', await picture(8, 8))
    const original = readFileSync(at('e/JPEGImages/a.jpg'))
    reopen('third')
    await importIt(['d/train', 'e'], { format: 'images' })
    await expect(exportIt('voc', 'e', { force: true, rename: true })).rejects.toMatchObject({ code: 'would-overwrite' })
    expect(readFileSync(at('e/JPEGImages/a.jpg'))).toEqual(original)
  })

  it('take one split, refer to images, and say what is missing', async () => {
    await two()
    rmSync(at('d/train/a.jpg'))
    const report = await exportIt('coco', 'out', { splits: ['train'] })
    expect(report).toMatchObject({ samples: 1, images: 0, annotations: 1 })
    expect(codes(report.warnings)).toEqual(['image-missing'])
    expect(await exportIt('yolo', 'out2', { images: 'reference' })).toMatchObject({ images: 0, files: 3 })
    await expect(exportIt('yolo', 'out3', { splits: ['test'] })).rejects.toMatchObject({ code: 'nothing-to-export' })
  })

  it('count what is really written, however much is left out', async () => {
    write('d/a.jpg', await picture())
    const object =
      '<object><name>boat</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>'
    const size = '<size><width>40</width><height>30</height><depth>3</depth></size>'
    write('d/a.xml', `<annotation><filename>a.jpg</filename>${size}${object.repeat(150)}</annotation>`)
    await importIt('d')
    const deeplabcut = await exportIt('deeplabcut', 'points', { images: 'reference' })
    expect(deeplabcut).toMatchObject({ samples: 1, annotations: 0, counts: { skipped: 150 } })
    expect(deeplabcut.skipped).toHaveLength(100)
    const folders = await exportIt('class-folders', 'folders', { images: 'reference' })
    expect(folders).toMatchObject({ samples: 0, annotations: 0, counts: { skipped: 1 } })
    expect(await exportIt('images', 'plain', { images: 'reference' })).toMatchObject({ samples: 1, annotations: 0 })
    await expect(exportIt('coco', 'never', { options: { a: 'b' } })).rejects.toMatchObject({
      code: 'bad-option',
      message: 'The format coco has no option "a". It has none; leave it out.',
    })
    await expect(exportIt('yolo', 'never', { options: { tasc: 'obb' } })).rejects.toThrow(
      /no option "tasc". It has: .*task/,
    )
    expect(existsSync(at('never'))).toBe(false)
  })
})
