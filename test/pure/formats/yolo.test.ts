import { describe, expect, it } from 'vitest'
import { formats } from '@shared/catalog/formats'
import { memorySink, memorySource, readAll, toDataset, type MemoryFiles } from '../../helpers/memory-dataset'

const yolo = formats.get('yolo')
const size = { width: 100, height: 50 }
const read = (files: MemoryFiles, images: string[] = ['a.jpg'], options = {}, named: string[] = []) =>
  readAll(
    yolo.read(memorySource(files, Object.fromEntries(images.map((path) => [path, size])), { named }), {
      task: 'auto',
      ...options,
    }),
  )
const messages = (chunk: Awaited<ReturnType<typeof read>>) =>
  chunk.issues.map(({ level, code, message, file, line }) => `${level} ${code} ${file}:${line ?? '-'} ${message}`)
const shapes = (chunk: Awaited<ReturnType<typeof read>>) => chunk.annotations.map(({ shape }) => shape)

describe('YOLO rows', () => {
  it.each([
    ['0 .5 .5 .2', 'skipped bad-row a.txt:2 The row has 4 numbers; a YOLO box row has 5, a polygon row 1 and two per point. Correct the row.'],
    ['0 .5 .5 .2 x', 'skipped bad-row a.txt:2 "x" is not a number. Correct the row.'],
    ['cat .5 .5 .2 .2', 'skipped bad-row a.txt:2 The class "cat" is not a number; a YOLO row starts with the class index. Correct the row.'],
    ['1.5 .5 .5 .2 .2', 'skipped bad-class a.txt:2 The class 1.5 is not a whole number from 0. Correct the row.'],
    ['-1 .5 .5 .2 .2', 'skipped bad-class a.txt:2 The class -1 is not a whole number from 0. Correct the row.'],
    ['2 .5 .5 .2 .2', 'skipped unknown-class a.txt:2 There is no class 2; the list has 2 classes (0 to 1). Add the name to the list, or correct the row.'],
    ['0 50 25 20 10', "skipped not-normalised a.txt:2 The box 50 25 20 10 is not in fractions of the image: YOLO values lie between 0 and 1. Divide pixels by the image's width and height."],
    ['0 .5 .5 0 .2', 'skipped zero-area a.txt:2 The box 0.5 0.5 0 0.2 has no area and is skipped. Redraw it if an object is there.'],
    ['0 1.5 .5 .2 .2', 'skipped outside-image a.txt:2 The box 1.5 0.5 0.2 0.2 lies outside of the image and is skipped. Check that the file belongs to this image.'],
    ['0 .5 .5 .5 .5', 'skipped duplicate-row a.txt:2 The row is the same as line 1 and is taken once.'],
    ['0 .1 .1 .2 .2 .3 .3 .4', 'skipped bad-row a.txt:2 The row has 8 numbers; a YOLO box row has 5, a polygon row 1 and two per point. Correct the row.'],
    ['0 .1 .1 .1 .2 .1 .3', 'skipped zero-area a.txt:2 The polygon has no area and is skipped. Redraw it if an object is there.'],
  ])('skips %j with file and line, and reads the others', async (row, message) => {
    const chunk = await read({ 'a.txt': `0 .5 .5 .5 .5\n${row}\n1 .5 .5 .125 .25\n`, 'classes.txt': 'cat\ndog\n' })
    expect(messages(chunk)).toEqual([message])
    expect(shapes(chunk)).toEqual([{ kind: 'box', box: [25, 12.5, 75, 37.5] }, { kind: 'box', box: [43.75, 18.75, 56.25, 31.25] }])
  }) // prettier-ignore

  it('reads any white space, CRLF, a byte-order mark, blank lines and a class written as a fraction', async () => {
    const chunk = await read({
      'a.txt': '\ufeff 1.0\t0.5  .5 5e-1 0.5 \r\n\r\n\r\n0 .5 .5 .1 .2',
      'classes.txt': '\ufeffcat\r\ndog\r\n',
    })
    expect(chunk.issues).toEqual([])
    expect(chunk.annotations.map((annotation) => annotation.label)).toEqual(['1', '0'])
    expect(chunk.labels.map((label) => label.name)).toEqual(['cat', 'dog'])
  })

  it('clips what reaches beyond the image, silently where it is rounding', async () => {
    const chunk = await read({ 'a.txt': '0 .5 .5 1.0000004 1\n0 .9 .5 .4 .5', 'classes.txt': 'cat' })
    expect(shapes(chunk)).toEqual([{ kind: 'box', box: [0, 0, 100, 50] }, { kind: 'box', box: [70, 12.5, 100, 37.5] }]) // prettier-ignore
    expect(messages(chunk)).toEqual([
      'warning clipped a.txt:2 The box 0.9 0.5 0.4 0.5 reaches beyond the image and is clipped to it.',
    ])
  })

  it('takes nine numbers for a polygon and says that they may be a rotated box', async () => {
    const files = { 'a.txt': '0 .1 .2 .3 .2 .3 .6 .1 .6', 'classes.txt': 'cat' }
    const chunk = await read(files)
    expect(shapes(chunk)[0].kind).toBe('polygon')
    expect(messages(chunk)).toEqual([
      'warning maybe-rotated classes.txt:- All 1 polygon rows have 9 numbers, which may be rotated boxes; they are imported as polygons of 4 points. Import with task=obb if they are rotated boxes.',
    ])
    const rotated = shapes(await read(files, ['a.jpg'], { task: 'obb' }))[0]
    expect(rotated).toEqual({ kind: 'rotated-box', rotatedBox: [20, 20, 20, 20, 0] })
    expect(messages(await read({ ...files, 'a.txt': `${files['a.txt']}\n0 .1 .2 .3 .2 .3 .6` }))).toEqual([])
  })

  it('keeps a sixth number and says that it is not written again', async () => {
    const chunk = await read({ 'a.txt': '0 .5 .5 .2 .2 17', 'classes.txt': 'cat' })
    expect(chunk.annotations[0].extra).toEqual({ yolo: { trailing: 17 } })
    expect(chunk.issues.map((issue) => issue.code)).toEqual(['sixth-number'])
  })

  it('reads poses by kpt_shape, and refuses rows of another length', async () => {
    const yaml = 'names: [cat]\ntrain: .\nkpt_shape: [2, 3]\nflip_idx: [1, 0]\n'
    const chunk = await read({ 'data.yaml': yaml, 'a.txt': '0 .5 .5 .2 .2 .5 .5 2 0 0 0\n0 .5 .5 .2 .2 .5 .5 2' })
    expect(shapes(chunk)).toEqual([{ kind: 'keypoints', keypoints: [[50, 25, 2], [0, 0, 0]], box: [40, 20, 60, 30] }]) // prettier-ignore
    expect(chunk.labels[0].skeleton).toMatchObject({ names: ['point 1', 'point 2'], flip: [1, 0] })
    const named = await read({ 'data.yaml': `${yaml}kpt_names:\n  0: [nose, tail]\n` })
    expect(named.labels[0].skeleton).toMatchObject({ names: ['nose', 'tail'], flip: [1, 0] })
    const wrong = await read({
      'data.yaml': `${yaml}kpt_names: {0: [a, b, c]}\ntagwright: {skeletons: {0: {edges: [[0, 7]]}}}\n`,
    })
    expect(wrong.labels[0].skeleton).toMatchObject({ names: ['point 1', 'point 2'], edges: [] })
    expect(wrong.issues.map(({ code }) => code)).toEqual(['bad-kpt-names', 'bad-skeleton'])
    expect(messages(chunk)).toEqual([
      'skipped bad-row a.txt:2 The row has 8 numbers; with kpt_shape [2, 3] a row has 11. Correct the row or kpt_shape.',
    ])
  })
})

describe('YOLO layouts', () => {
  const row = '0 .5 .5 .2 .2'
  const summary = (chunk: Awaited<ReturnType<typeof read>>) =>
    chunk.samples.map(
      ({ path, split }) => `${path} ${split ?? '-'} ${chunk.annotations.filter((a) => a.sample === path).length}`,
    )

  it.each([
    ['Ultralytics', { 'data.yaml': 'path: ../datasets/x\ntrain: images/train\nval: [images/val]\nnames:\n  0: cat\n  1: dog\n', 'labels/train/a.txt': row }, ['images/train/a.jpg', 'images/val/b.jpg'], ['images/train/a.jpg train 1', 'images/val/b.jpg val 0'], ['cat', 'dog']],
    ['Roboflow', { 'data.yaml': "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['cat']", 'train/labels/a.txt': row, 'valid/labels/b.txt': row }, ['train/images/a.jpg', 'valid/images/b.jpg'], ['train/images/a.jpg train 1', 'valid/images/b.jpg val 1'], ['cat']],
    ['lists of images', { 'd.yaml': 'train: train.txt\nval: val.txt\nnames: {1: dog, 0: cat}', 'train.txt': './images/a.jpg\n', 'val.txt': '/content/x/images/b.jpg\n', 'labels/a.txt': row }, ['images/a.jpg', 'images/b.jpg'], ['images/a.jpg train 1', 'images/b.jpg val 0'], ['cat', 'dog']],
    ['Darknet', { 'obj.data': 'classes = 1\ntrain  = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names\n', 'obj.names': 'cat\n', 'train.txt': 'data/obj/a.jpg\n', 'valid.txt': 'data/obj/b.jpg', 'obj/a.txt': row }, ['obj/a.jpg', 'obj/b.jpg'], ['obj/a.jpg train 1', 'obj/b.jpg val 0'], ['cat']],
    ['LabelImg', { 'classes.txt': 'zebra\ncat\n\nant\n', 'a.txt': row }, ['a.jpg', 'b.jpg'], ['a.jpg - 1', 'b.jpg - 0'], ['zebra', 'cat', 'class 2', 'ant']],
    ['folders alone', { 'labels/val2017/a.txt': row, 'classes.txt': 'cat' }, ['images/val2017/a.jpg'], ['images/val2017/a.jpg val 1'], ['cat']],
  ] as [string, MemoryFiles, string[], string[], string[]][])('%s', async (_, files, images, samples, names) => {
    const chunk = await read(files, images)
    expect(summary(chunk)).toEqual(samples)
    expect(chunk.labels.map((label) => label.name)).toEqual(names)
    expect(chunk.issues.filter((issue) => issue.code !== 'empty-name')).toEqual([])
  }) // prettier-ignore

  it('never changes the order of classes, and keeps names that are used twice apart', async () => {
    const chunk = await read({ 'classes.txt': 'b\na\nb\n', 'a.txt': '2 .5 .5 .2 .2' })
    expect(chunk.labels).toEqual([{ key: '0', name: 'b' }, { key: '1', name: 'a' }, { key: '2', name: 'b (2)' }]) // prettier-ignore
    expect(messages(chunk)).toEqual([
      'warning duplicate-name classes.txt:- Classes 0 and 2 are both named "b"; class 2 is imported as "b (2)". Rename or merge them with "labels".',
    ])
    const sink = memorySink()
    await yolo.write(toDataset({ ...chunk, samples: [{ ...chunk.samples[0], split: 'val' }] }), sink, { task: 'auto' })
    expect(sink.files['data.yaml']).toBe('path: .\nval: images/val\nnames:\n  0: b\n  1: a\n  2: b (2)\n')
    expect(sink.files['labels/val/a.txt']).toBe('2 0.5 0.5 0.2 0.2\n')
  })

  it('names classes by index where no file does', async () => {
    const chunk = await read({ 'a.txt': '2 .5 .5 .2 .2' })
    expect(chunk.labels.map((label) => label.name)).toEqual(['class 0', 'class 1', 'class 2'])
    expect(messages(chunk)).toEqual([
      'warning no-class-names a.txt:- No file names the classes; they are called "class 0" to "class 2". Give a list with --labels, or rename them.',
    ])
  })

  it('reports label files without image, images without pixels and folders that are not there', async () => {
    const source = memorySource({
      'data.yaml': 'names: [cat]\ntrain: images\nval: images/val\n',
      'labels/a.txt': row,
      'labels/gone.txt': `${row}\n${row}1`,
      'images/a.jpg': 'x',
    })
    const chunk = await readAll(yolo.read(source, { task: 'auto' }))
    expect(messages(chunk)).toEqual([
      'warning folder-missing data.yaml:- val is "images/val", but there is no such folder or list here; no sample gets the split val from it.',
      'skipped no-size labels/a.txt:- images/a.jpg cannot be read, so its size is not known and the rows have no pixels; they are skipped. Replace the image and import again.',
      'skipped image-missing labels/gone.txt:- There is no image for gone.txt, so its 2 rows have no pixels and are skipped. Import the folder that holds both.',
    ])
  })

  it('refuses a data.yaml that is not YAML, naming it', async () => {
    await expect(read({ 'data.yaml': 'names: [cat\ntrain: x' })).rejects.toThrow(/^data.yaml is not YAML: /)
  })

  it('does not take rows for two images of one stem', async () => {
    const chunk = await read({ 'a.txt': row, 'classes.txt': 'cat' }, ['a.jpg', 'a.png'])
    expect(chunk.annotations).toHaveLength(1)
    expect(messages(chunk)).toEqual([
      'warning ambiguous-image a.txt:- a.png shares this file with another image of the same name; it is imported without annotations. Rename one of the two.',
    ])
  })

  it('writes what a task holds, and says what it changes', async () => {
    const sink = memorySink()
    const annotations = [
      { sample: '1', label: 'l', shape: { kind: 'box' as const, box: [-10, 0, 50, 25] as [number, number, number, number] } },
      { sample: '1', label: 'l', shape: { kind: 'polygon' as const, rings: [[[0, 0], [50, 0], [50, 50]], [[60, 0], [70, 0], [70, 50]]] as [number, number][][] } },
      { sample: '1', label: 'l', shape: { kind: 'tag' as const } },
    ] // prettier-ignore
    await yolo.write(
      toDataset({
        labels: [{ key: 'l', name: 'cat' }],
        samples: [{ key: '1', path: 'x/a.jpg', ...size }],
        annotations,
      }),
      sink,
      { task: 'auto' },
    )
    expect(sink.files['labels/a.txt']).toBe('0 0 0 0.5 0 0.5 0.5 0 0.5\n0 0 0 0.5 0 0.5 1\n0 0.6 0 0.7 0 0.7 1\n')
    expect(sink.issues.map((issue) => issue.code)).toEqual([
      'box-as-polygon',
      'rings-apart',
      'unsupported-shape',
      'no-split',
    ])
  })
})

describe('data.yaml of another machine', () => {
  const images = ['train/images/a.jpg', 'valid/images/b.jpg', 'test/images/c.jpg']
  const splits = async (yaml: string, paths = images) => {
    const chunk = await read({ 'data.yaml': `names: [cat]\n${yaml}` }, paths)
    return [chunk.samples.map(({ path, split }) => `${path} ${split ?? '-'}`), messages(chunk)]
  }

  it.each([
    'train: /home/ada/set/train/images\nval: /home/ada/set/valid/images',
    'path: C:\\Users\\ada\\set\ntrain: C:\\Users\\ada\\set\\train\\images\nval: valid\\images',
    'train: ../train/images\nval: ../valid/images',
    'train: data/set/train/images\nval: data/set/valid/images',
  ])('finds the folders of %j', async (yaml) => {
    expect(await splits(yaml)).toEqual([
      ['test/images/c.jpg -', 'train/images/a.jpg train', 'valid/images/b.jpg val'],
      [],
    ])
  })

  it('takes no folder of all splits for a missing one', async () => {
    const [found, said] = await splits('train: /x/train/images', ['images/a.jpg', 'images/b.jpg'])
    expect(found).toEqual(['images/a.jpg -', 'images/b.jpg -'])
    expect(said).toEqual([expect.stringContaining('folder-missing')])
  })

  it('says once how many images are in two splits', async () => {
    const [found, said] = await splits('train: images\nval: images', ['images/a.jpg', 'images/b.jpg'])
    expect(found).toEqual(['images/a.jpg train', 'images/b.jpg train'])
    expect(said).toEqual([
      'warning two-splits data.yaml:- val names 2 images, first images/a.jpg, that belong to train already; they stay there.',
    ])
  })
})
