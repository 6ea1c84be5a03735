import { describe, expect, it } from 'vitest'
import { formats, matchFormats } from '@shared/catalog/formats'
import { toWidthHeight } from '@shared/catalog/formats/coco/annotation'
import type { Shape } from '@shared/domain/annotation'
import type { DatasetChunk, ShapeText } from '@shared/domain/dataset'
import { memorySink, memorySource, readAll, toDataset, type MemoryFiles } from '../../helpers/memory-dataset'

const coco = formats.get('coco')
const size = { width: 640, height: 480 }
const images = [{ id: 1, file_name: 'a.jpg', ...size }]
const categories = [{ id: 1, name: 'cat' }]
/** Read both ways: with shapes, and as an import reads, with texts. They must not differ. */
const read = async (
  data: object | string,
  paths: string[] = ['a.jpg'],
  { name = 'annotations.json', more = {} as MemoryFiles, options = {} } = {},
) => {
  const source = memorySource(
    { [name]: typeof data === 'string' ? data : JSON.stringify(data), ...more },
    Object.fromEntries(paths.map((path) => [path, size])),
  )
  const chunk = await readAll(coco.read(source, options))
  const texts = await readAll(coco.readTexts!(source, options) as AsyncIterable<DatasetChunk>)
  const isText = (shape: Shape | ShapeText) => 'json' in shape
  const shapes = texts.annotations.map(({ shape, ...rest }) => ({
    ...rest,
    shape: isText(shape) ? (JSON.parse((shape as unknown as ShapeText).json) as Shape) : shape,
  }))
  expect({ ...texts, annotations: shapes }).toEqual(chunk)
  const polygons = chunk.annotations.filter(({ shape }) => shape.kind === 'polygon')
  expect(texts.annotations.filter(({ shape }) => isText(shape))).toHaveLength(polygons.length)
  return chunk
}
const annotate = (...annotations: object[]) =>
  read({
    images,
    categories,
    annotations: annotations.map((row, i) => ({ id: i + 1, image_id: 1, category_id: 1, ...row })),
  })
const messages = (chunk: Awaited<ReturnType<typeof read>>) =>
  chunk.issues.map(({ level, code, message, line }) => `${level} ${code} ${line ?? '-'} ${message}`)
const good = { bbox: [1, 2, 3, 4] }

describe('COCO rows', () => {
  it.each([
    [{ image_id: 9, ...good }, 'skipped unknown-image 1 The annotation is for image 9, which "images" does not list; it is skipped.'],
    [{ category_id: 9, ...good }, 'skipped unknown-category 1 The annotation is of category 9, which "categories" (1 in all) does not list; it is skipped. Add the category or correct the row.'],
    [{ category_id: undefined, caption: 'a cat' }, 'skipped no-category 1 The annotation has no category_id and is skipped.'],
    [{}, 'skipped no-box 1 The annotation has neither a bbox nor a segmentation nor keypoints and is skipped.'],
    [{ bbox: [1, 2, 3] }, 'skipped bad-box 1 The bbox [1,2,3] is not four numbers [x, y, width, height]; the annotation is skipped. Correct it.'],
    [{ bbox: [1, 2, null, 4] }, 'skipped bad-box 1 The bbox [1,2,null,4] is not four numbers [x, y, width, height]; the annotation is skipped. Correct it.'],
    [{ bbox: [1, 2, 0, 4] }, 'skipped zero-area 1 The box 1, 2, 1, 6 has no area and is skipped. Redraw it if an object is there.'],
    [{ bbox: [700, 2, 10, 4] }, 'skipped outside-image 1 The box 700, 2, 710, 6 lies outside of the 640 x 480 image and is skipped. Check that the annotation belongs to this image.'],
    [{ keypoints: [1, 2] }, 'skipped bad-keypoints 1 The keypoints have 2 numbers; they are x, y, v for each point. The annotation is skipped; correct it.'],
  ])('skips %j', async (row, message) => {
    const chunk = await annotate(row, good)
    expect(messages(chunk)).toEqual([message])
    expect(chunk.annotations).toHaveLength(1)
  }) // prettier-ignore

  it.each([
    [{ bbox: [10, 10, -5, -5] }, 'negative-size', { kind: 'box', box: [5, 5, 10, 10] }],
    [{ bbox: [1, 2, 3, 4], segmentation: [[1, 2, 3, 4]] }, 'bad-ring', { kind: 'box', box: [1, 2, 4, 6] }],
    [{ bbox: [1, 2, 3, 4], segmentation: { counts: [1], size: [4, 4] } }, 'bad-mask', { kind: 'box', box: [1, 2, 4, 6] }],
    [{ bbox: [1, 2, 3, 4], segmentation: { counts: '~~', size: [4, 4] } }, 'bad-mask', { kind: 'box', box: [1, 2, 4, 6] }],
    [{ segmentation: { counts: [0, 16], size: [4, 4] } }, 'mask-size', { kind: 'mask', mask: { counts: [0, 16], size: [4, 4] } }],
    [{ keypoints: [1, 2, 7, null, 4, 2], bbox: [0, 0, 9, 9] }, 'odd-visibility', { kind: 'keypoints', keypoints: [[1, 2, 2], [0, 0, 0]], box: [0, 0, 9, 9] }],
    [{ bbox: [-9, 2, 20, 4] }, 'beyond-image', { kind: 'box', box: [-9, 2, 11, 6] }],
  ])('takes %j with the warning %s', async (row, code, shape) => {
    const chunk = await annotate(row)
    const issues = chunk.issues.filter((issue) => issue.code !== 'unnamed-keypoints')
    expect(issues.map((issue) => `${issue.level} ${issue.code}`)).toEqual([`warning ${code}`])
    expect(chunk.annotations[0].shape).toEqual(shape)
  }) // prettier-ignore

  it('keeps the stated box beside an outline, and fields it does not know', async () => {
    const chunk = await annotate({
      bbox: [0, 0, 10, 10],
      segmentation: [[1, 1, 9, 1, 9, 9]],
      area: 31.5,
      iscrowd: 0,
      track_id: 7,
      attributes: { wet: true },
    })
    expect(chunk.annotations).toEqual([
      { sample: '1', label: 'cat', shape: { kind: 'polygon', rings: [[[1, 1], [9, 1], [9, 9]]], box: [0, 0, 10, 10] }, area: 31.5, extra: { coco: { id: 1, track_id: 7 }, attributes: { wet: true } } },
    ]) // prettier-ignore
  })

  it('reads compressed run lengths as COCO packs them', async () => {
    // 3 x 3 pixels, the middle column set: runs 3, 3, 3, each one character from '0' on.
    const chunk = await annotate({ segmentation: { size: [3, 3], counts: '333' }, iscrowd: 1 })
    expect(chunk.annotations[0].shape).toEqual({ kind: 'mask', mask: { size: [3, 3], counts: [3, 3, 3] } })
    expect(chunk.annotations[0].extra).toEqual({ coco: { id: 1, rle: 'compressed' } })
    expect(chunk.annotations[0].flags).toEqual({ crowd: true })
  })
})

describe('COCO files', () => {
  it('reads the lists in any order', async () => {
    const annotations = [{ id: 1, image_id: 1, category_id: 1, ...good }]
    for (const data of [
      { annotations, categories, images },
      { categories, annotations, images },
      { images, categories, annotations },
    ]) {
      const chunk = await read(data)
      expect(chunk.annotations).toHaveLength(1)
      expect(chunk.issues).toEqual([])
    }
  })

  it('numbers lines of files that are printed over several', async () => {
    const chunk = await read(
      JSON.stringify(
        {
          images,
          categories,
          annotations: [
            { id: 1, image_id: 1, category_id: 1, ...good },
            { id: 2, image_id: 1, category_id: 5, ...good },
          ],
        },
        null,
        1,
      ),
    )
    expect(chunk.issues).toHaveLength(1)
    const text = JSON.stringify(
      { images, categories, annotations: [{ id: 1, image_id: 1, category_id: 1, ...good }, { id: 2 }] },
      null,
      1,
    )
    expect(chunk.issues[0].line).toBe(text.split('\n').findIndex((row) => row.includes('"id": 2')))
  })

  it.each([
    [{ categories: [{ id: 1, name: 'cat' }, { id: 2, name: 'cat' }], images }, 'duplicate-name', 'Two categories are named "cat"; category 2 is imported as "cat (2)". Rename or merge them with "labels".'],
    [{ categories: [{ id: 1, name: 'cat' }, { id: 1, name: 'dog' }], images }, 'duplicate-category', 'Category 1 appears twice; the second, "dog", is skipped.'],
    [{ categories: [{ id: 1 }], images }, 'bad-category', 'A category without id or name is skipped.'],
    [{ categories, images: [...images, { id: 1, file_name: 'b.jpg' }] }, 'duplicate-image', 'Image 1 appears twice; the second, b.jpg, is skipped.'],
    [{ categories, images: [...images, { id: 2, file_name: 'a.jpg' }] }, 'duplicate-path', 'Image 2 is a.jpg, which another image row names too; their annotations are joined.'],
    [{ categories, images: [...images, { id: 2 }] }, 'bad-image', 'An image without id or file_name is skipped.'],
  ])('%j', async (data, code, message) => {
    const chunk = await read(data)
    expect(chunk.issues.map((issue) => [issue.code, issue.message])).toEqual([[code, message]])
  }) // prettier-ignore

  it('counts skeletons from 1, and those that count from 0 from 0', async () => {
    const skeleton = async (edges: number[][]) => {
      const chunk = await read({
        images,
        categories: [{ id: 1, name: 'cat', keypoints: ['a', 'b', 'c'], skeleton: edges }],
      })
      return [chunk.labels[0].skeleton!.edges, ...chunk.issues.map((issue) => issue.code)]
    }
    expect(await skeleton([[1, 2], [2, 3]])).toEqual([[[0, 1], [1, 2]]]) // prettier-ignore
    expect(await skeleton([[0, 1], [1, 2]])).toEqual([[[0, 1], [1, 2]], 'skeleton-from-0']) // prettier-ignore
    expect(await skeleton([[1, 2], [2, 9]])).toEqual([[[0, 1]], 'bad-edge']) // prettier-ignore
  })

  it('finds images by path, by trailing folders, by name; never outside of the root', async () => {
    const names = ['sub/a.jpg', 'train2017\\b.jpg', '/data/x/c.jpg', '../../../etc/passwd.jpg', 'gone/d.jpg', 'e.jpg']
    const rows = names.map((file_name, i) => ({ id: i, file_name }))
    const chunk = await read(
      { images: rows, categories },
      ['images/sub/a.jpg', 'images/train2017/b.jpg', 'images/c.jpg', 'p/e.jpg', 'q/e.jpg'],
      { name: 'annotations/instances_val.json' },
    )
    expect(chunk.samples.map((sample) => sample.path)).toEqual([
      'images/sub/a.jpg',
      'images/train2017/b.jpg',
      'images/c.jpg',
      'annotations/etc/passwd.jpg',
      'annotations/gone/d.jpg',
      'p/e.jpg',
    ])
    expect(new Set(chunk.samples.map((sample) => sample.split))).toEqual(new Set(['val']))
    expect(chunk.issues.map((issue) => issue.code)).toEqual(['ambiguous-image', 'unlisted-images'])
  })

  it('joins the files of several splits, and leaves out captions and doubled person files', async () => {
    const file = (id: number, name: string, category: number) =>
      JSON.stringify({
        images: [{ id, file_name: name, ...size }],
        categories: [{ id: category, name: 'cat' }],
        annotations: [{ id: 1, image_id: id, category_id: category, ...good }],
      })
    const chunk = await read(file(1, 'a.jpg', 1), ['a.jpg', 'b.jpg'], {
      name: 'instances_train.json',
      more: {
        'instances_val.json': file(1, 'b.jpg', 7),
        'person_keypoints_val.json': file(1, 'b.jpg', 1),
        'captions_val.json': file(1, 'b.jpg', 1),
      },
    })
    expect(chunk.samples.map(({ path, split }) => `${path} ${split}`)).toEqual(['a.jpg train', 'b.jpg val'])
    expect(chunk.labels.map(({ name, cocoId }) => `${name} ${cocoId}`)).toEqual(['cat 1'])
    expect(chunk.annotations.map(({ sample, label }) => `${sample} ${label}`)).toEqual(['0:1 cat', '1:1 cat'])
    expect(chunk.issues.map((issue) => `${issue.code} ${issue.file}`)).toEqual([
      'file-left-out captions_val.json',
      'file-left-out person_keypoints_val.json',
    ])
  })

  it('names classes by id where there are no categories', async () => {
    for (const categories of [undefined, []]) {
      const chunk = await read({ images, annotations: [{ id: 1, image_id: 1, category_id: 4, ...good }], categories })
      expect(chunk.labels).toEqual([{ key: 'class 4', name: 'class 4', cocoId: 4 }])
      expect(chunk.issues.map((issue) => issue.code)).toEqual(['no-categories'])
    }
    const keypoints = [1, 2, 2, 3, 4, 2]
    const pose = await read({ images, annotations: [{ id: 1, image_id: 1, category_id: 0, keypoints, ...good }] })
    expect(pose.labels[0].skeleton?.names).toEqual(['point 1', 'point 2'])
    expect(pose.annotations[0].shape).toMatchObject({ kind: 'keypoints' })
  })

  it('says what a file without the lists holds', async () => {
    const source = memorySource({ 'x.json': '{"version":"5","shapes":[]}' }, {}, { named: ['x.json'] })
    await expect(readAll(coco.read(source, {}))).rejects.toThrow(
      'x.json holds the fields "version", "shapes" and no list "images", not a COCO data set: an object with "images", "annotations" and "categories". Choose another file or format.',
    )
    await expect(read({ images: {}, annotations: [] })).rejects.toThrow(
      'annotations.json holds "images" that is no list, not a COCO data set',
    )
    await expect(read('{"images":[1,2]}')).rejects.toThrow(
      'annotations.json is not readable JSON: "images" must list objects; there is "1" at byte 11 (line 1).',
    )
  })

  it('is recognised by its lists, not by its name: results and other JSON are not COCO', async () => {
    const match = async (text: string) =>
      (await matchFormats(memorySource({ 'x.json': text }))).map((entry) => entry.id)
    expect(await match('{"info":{},"annotations": []}')).toEqual(['coco'])
    expect(await match(`{"info":"${'x'.repeat(100_000)}","images":[]}`)).toEqual(['coco'])
    expect(await match('[{"image_id":1,"bbox":[1,2,3,4]}]')).toEqual([])
    expect(await match('{"version":"5","shapes":[]}')).toEqual(['labelme'])
    expect(await match('{"version":"5","things":[]}')).toEqual([])
  })
})

describe('writing COCO', () => {
  it('gives ids that are free, from 1, and counts visible points anew', async () => {
    const sink = memorySink()
    const box = { kind: 'box' as const, box: [0, 0, 2, 3] as [number, number, number, number] }
    await coco.write(
      toDataset({
        labels: [{ key: 'a', name: 'a', cocoId: 2 }, { key: 'b', name: 'b' }, { key: 'c', name: 'c', cocoId: 2 }],
        samples: [{ key: '1', path: 'a.jpg', ...size, cocoImageId: 5 }, { key: '2', path: 'b.jpg', cocoImageId: 5 }],
        annotations: [
          { sample: '1', label: 'a', shape: box, extra: { coco: { id: 0 } } },
          { sample: '1', label: 'b', shape: box, extra: { coco: { id: 7 } } },
          { sample: '2', label: 'c', shape: { kind: 'keypoints', keypoints: [[1, 1, 2], [0, 0, 0], [2, 2, 1]] }, extra: { coco: { id: 7 } } },
          { sample: '2', label: 'c', shape: { kind: 'tag' } },
          { sample: '2', label: 'c', shape: { kind: 'rotated-box', rotatedBox: [10, 10, 4, 2, 90] } },
        ],
      }),
      sink,
      {},
    ) // prettier-ignore
    const data = JSON.parse(sink.files['annotations/instances.json']) as {
      images: { id: number }[]
      categories: { id: number }[]
      annotations: Record<string, unknown>[]
    }
    expect(data.images.map((image) => image.id)).toEqual([5, 6])
    expect(data.categories.map((category) => category.id)).toEqual([2, 3, 4])
    expect(data.annotations.map((row) => row.id)).toEqual([8, 7, 9, 11])
    expect(data.annotations[0]).toEqual({
      id: 8,
      image_id: 5,
      category_id: 2,
      segmentation: [],
      area: 6,
      bbox: [0, 0, 2, 3],
      iscrowd: 0,
    })
    expect(data.annotations[2].num_keypoints).toBe(2)
    expect(sink.issues.map((issue) => issue.code)).toEqual(['no-size', 'unsupported-shape', 'rotated-as-polygon'])
  })

  it('finds width and height with the decimals of the file', () => {
    expect(toWidthHeight([473.07, 395.93, 473.07 + 38.65, 395.93 + 28.67])).toEqual([473.07, 395.93, 38.65, 28.67])
  })
})

describe('COCO of other tools', () => {
  const classes = [
    { id: 0, name: 'animals', supercategory: 'none' },
    { id: 1, name: 'cat', supercategory: 'animals' },
    { id: 2, name: 'dog', supercategory: 'animals' },
  ]
  const box = (category_id: number) => ({ id: 1, image_id: 1, category_id, bbox: [10, 10, 50, 50] })
  const names = (chunk: Awaited<ReturnType<typeof read>>) => chunk.labels.map(({ name }) => name)

  it("takes Roboflow's group of all classes for a class only where an object is of it", async () => {
    expect(names(await read({ images, categories: classes, annotations: [box(2)] }))).toEqual(['cat', 'dog'])
    const used = await read({ images, categories: classes, annotations: [box(0)] })
    expect([names(used), messages(used)]).toEqual([['cat', 'dog', 'animals'], []])
    const apart = [...classes, { id: 3, name: 'oak', supercategory: 'plants' }]
    expect(names(await read({ images, categories: apart, annotations: [] }))).toHaveLength(4)
  })

  it('finds images that are named by their address alone, as in LVIS', async () => {
    const url = { id: 1, coco_url: 'http://images.example.org/train2017/a%20b.jpg', ...size }
    const chunk = await read({ images: [url], categories, annotations: [box(1)] }, ['train2017/a b.jpg'])
    expect(chunk.samples.map(({ path }) => path)).toEqual(['train2017/a b.jpg'])
    expect(messages(chunk)).toEqual([])
  })
})
