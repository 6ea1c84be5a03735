import { describe, expect, it } from 'vitest'
import { formats, matchFormats } from '@shared/catalog/formats'
import { memorySink, memorySource, readAll, toDataset, type MemoryFiles } from '../../helpers/memory-dataset'

const voc = formats.get('voc')
const size = { width: 640, height: 480 }
const object = (box: (number | string)[], { name = 'cat', more = '' } = {}) =>
  `<object>\n<name>${name}</name>\n<bndbox><xmin>${box[0]}</xmin><ymin>${box[1]}</ymin><xmax>${box[2]}</xmax><ymax>${box[3]}</ymax></bndbox>${more}</object>\n`
const file = (objects: string, { filename = 'a.jpg', width = 640, height = 480, attributes = '', more = '' } = {}) =>
  `<annotation${attributes}>\n<filename>${filename}</filename>\n<size><width>${width}</width><height>${height}</height><depth>3</depth></size>${more}\n${objects}</annotation>`
const read = (files: MemoryFiles, images: string[] = ['a.jpg'], options = {}) =>
  readAll(
    voc.read(memorySource(files, Object.fromEntries(images.map((path) => [path, size]))), {
      origin: 'labelimg',
      ...options,
    }),
  )
const boxes = (chunk: Awaited<ReturnType<typeof read>>) =>
  chunk.annotations.map(({ shape }) => (shape.kind === 'box' ? shape.box : shape))
const messages = (chunk: Awaited<ReturnType<typeof read>>) =>
  chunk.issues.map(({ level, code, message, file, line }) => `${level} ${code} ${file}:${line ?? '-'} ${message}`)

describe('Pascal VOC, bad input', () => {
  it.each([
    ['hello', 'skipped bad-xml a.xml:1 The file is not XML: the file does not start with "<". Its image is imported without annotations and without a split; repair the file and import again.'],
    ['', 'skipped bad-xml a.xml:1 The file is not XML: the file is empty. Its image is imported without annotations and without a split; repair the file and import again.'],
    ['<annotation>\n<object>\n</annotation>', 'skipped bad-xml a.xml:3 The file is not XML: </annotation> closes <object> of line 2. Its image is imported without annotations and without a split; repair the file and import again.'],
    ['<annotation>\n<name>a & b</name></annotation>', 'skipped bad-xml a.xml:2 The file is not XML: "&" is not a known entity; a plain "&" is written "&amp;". Its image is imported without annotations and without a split; repair the file and import again.'],
    ['<annotation><object>', 'skipped bad-xml a.xml:1 The file is not XML: <object> of line 1 is not closed. Its image is imported without annotations and without a split; repair the file and import again.'],
    [`${'<a>'.repeat(100)}`, 'skipped bad-xml a.xml:1 The file is not XML: elements are nested deeper than 64. Its image is imported without annotations and without a split; repair the file and import again.'],
    ['<?xml version="1.0"?>\n<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]>\n<annotation><filename>&lol2;</filename></annotation>', 'skipped xml-doctype a.xml:2 The file declares a DOCTYPE or ENTITY, which can expand without limit; it is not read. Remove the declaration and import again.'],
  ])('reports %j, keeps the image and gives it no split', async (text, message) => {
    const chunk = await read({ 'a.xml': text, 'ImageSets/Main/train.txt': 'a\n' })
    expect(messages(chunk)).toEqual([message])
    expect(chunk.samples).toEqual([{ key: 'a.jpg', path: 'a.jpg' }])
  }) // prettier-ignore

  it.each([
    [[504, 337, 504, 337], 'skipped zero-area a.xml:4 The box 504, 337, 504, 337 has no area and is skipped. Redraw it if an object is there.'],
    [[700, 10, 800, 60], 'skipped outside-image a.xml:4 The box 700, 10, 800, 60 lies outside of the 640 x 480 image and is skipped. Check that the annotation belongs to this image.'],
    [['abc', 1, 2, 3], 'skipped bad-number a.xml:6 <xmin> is "abc", not a number; the object is skipped. Correct the value.'],
    [['NaN', 1, 2, 3], 'skipped bad-number a.xml:6 <xmin> is "NaN", not a number; the object is skipped. Correct the value.'],
  ])('skips the object with the box %j', async (box, message) => {
    const chunk = await read({ 'a.xml': file(object(box) + object([1, 2, 3, 4])) })
    expect(messages(chunk)).toEqual([message])
    expect(boxes(chunk)).toEqual([[1, 2, 3, 4]])
  }) // prettier-ignore

  it('keeps a box that reaches beyond the image as it is, and says so', async () => {
    const chunk = await read({ 'a.xml': file(object([-20, 10, 100, 60]) + object([0, 0, 641, 481])) })
    expect(boxes(chunk)).toEqual([[-20, 10, 100, 60], [0, 0, 641, 481]]) // prettier-ignore
    expect(messages(chunk)).toEqual([
      'warning beyond-image a.xml:4 The box -20, 10, 100, 60 reaches beyond the 640 x 480 image; it is kept as it is, and training clips it.',
    ])
  })

  it('swaps corners that are the wrong way round', async () => {
    const chunk = await read({ 'a.xml': file(object([100, 10, 20, 60])) })
    expect(boxes(chunk)).toEqual([[20, 10, 100, 60]])
    expect(messages(chunk)).toEqual([
      'warning swapped-box a.xml:6 The box 100, 10, 20, 60 has its minimum beyond its maximum; the corners are swapped.',
    ])
  })

  it('skips an object without name or box, and XML of another kind', async () => {
    const chunk = await read({
      'a.xml': file('<object><bndbox/></object><object><name>cat</name></object>'),
      'pom.xml': '<project/>',
    })
    expect(chunk.issues.map(({ code, level }) => `${level} ${code}`)).toEqual([
      'skipped no-name',
      'skipped no-box',
      'warning not-voc',
    ])
  })
})

describe('Pascal VOC, traps', () => {
  it('reads 1-based official files as such, and hints when it looks like one', async () => {
    const files = {
      'a.xml': file(object([1, 1, 640, 480]), { more: '<source><database>The VOC2007 Database</database></source>' }),
    }
    expect(boxes(await read(files, ['a.jpg'], { origin: 'official' }))).toEqual([[0, 0, 640, 480]])
    const hinted = await read(files)
    expect(boxes(hinted)).toEqual([[1, 1, 640, 480]])
    expect(messages(hinted)).toEqual([
      'warning maybe-official a.xml:- The files name "The VOC2007 Database" as their source, and its boxes count pixels from 1. If they come from there, import again with origin=official.',
    ])
    const fraction = { 'a.xml': files['a.xml'].replace('<xmin>1<', '<xmin>1.5<') }
    expect(messages(await read(fraction))).toEqual([])
  })

  it('finds the image by the file stem first, then by <filename>, then guesses a missing one', async () => {
    const chunk = await read(
      {
        'xml/a.xml': file('', { filename: 'b.jpg' }),
        'xml/z.xml': file('', { filename: 'c' }),
        'VOC/Annotations/n.xml': file('', { filename: 'n.png' }),
      },
      ['img/a.jpg', 'img/b.jpg', 'img/c.jpg'],
    )
    expect(chunk.samples.map((sample) => sample.path)).toEqual([
      'VOC/JPEGImages/n.png',
      'img/a.jpg',
      'img/c.jpg',
      'img/b.jpg',
    ])
    expect(messages(chunk)).toEqual([
      'warning other-filename xml/a.xml:- <filename> is "b.jpg", but the file is named after a.jpg; img/a.jpg is taken.',
    ])
  })

  it('tells images of one stem apart by <filename>', async () => {
    const chunk = await read({ 'a.xml': file(object([1, 2, 3, 4]), { filename: 'a.png' }) }, ['a.jpg', 'a.png'])
    expect(chunk.annotations[0].sample).toBe('a.png')
    expect(chunk.issues).toEqual([])
  })

  it('does not let two files speak of one image', async () => {
    const chunk = await read({ 'old/a.xml': file(object([1, 2, 3, 4])), 'a.xml': file(object([5, 6, 7, 8])) })
    expect(boxes(chunk)).toEqual([[5, 6, 7, 8]])
    expect(messages(chunk)).toEqual([
      'skipped second-file old/a.xml:- A second annotation file for a.jpg; it is skipped. Keep one of the two.',
    ])
  })

  it('reads ImageSets/Main: trainval counts only without train and val, doubles stay in the first', async () => {
    const images = ['JPEGImages/a.jpg', 'JPEGImages/b.jpg', 'JPEGImages/c d.jpg']
    const splits = async (sets: MemoryFiles) => {
      const chunk = await read(sets, images)
      return [chunk.samples.map((sample) => sample.split), chunk.issues.map((issue) => issue.code)]
    }
    expect(
      await splits({
        'ImageSets/Main/train.txt': 'a\r\n',
        'ImageSets/Main/val.txt': 'b\na\nc d',
        'ImageSets/Main/trainval.txt': 'a\nb',
      }),
    ).toEqual([['train', 'val', 'val'], ['two-splits']])
    expect(await splits({ 'ImageSets/Main/trainval.txt': 'a\nb', 'ImageSets/Main/test.txt': 'c d\nzz' })).toEqual([
      ['train', 'train', 'test'],
      ['image-missing'],
    ])
  })

  it('keeps unknown elements, writes them back, and does not write the path of the machine', async () => {
    const more = '<path>/home/me/a.jpg</path><owner><name>me</name></owner>'
    const chunk = await read({
      'a.xml': file(
        object([1, 2, 3, 4], {
          more: '<pose>Left</pose><difficult>1</difficult><actions><jumping>1</jumping></actions>',
        }),
        { attributes: ' verified="yes"', more },
      ),
    })
    const sink = memorySink()
    await voc.write(toDataset(chunk), sink, { origin: 'labelimg' })
    expect(sink.files['Annotations/a.xml']).toBe(
      [
        '<annotation verified="yes">', '\t<folder>JPEGImages</folder>', '\t<filename>a.jpg</filename>', '\t<source>', '\t\t<database>Unknown</database>',
        '\t</source>', '\t<size>', '\t\t<width>640</width>', '\t\t<height>480</height>', '\t\t<depth>3</depth>', '\t</size>', '\t<segmented>0</segmented>',
        '\t<owner>', '\t\t<name>me</name>', '\t</owner>', '\t<object>', '\t\t<name>cat</name>', '\t\t<pose>Left</pose>', '\t\t<truncated>0</truncated>',
        '\t\t<difficult>1</difficult>', '\t\t<bndbox>', '\t\t\t<xmin>1</xmin>', '\t\t\t<ymin>2</ymin>', '\t\t\t<xmax>3</xmax>', '\t\t\t<ymax>4</ymax>',
        '\t\t</bndbox>', '\t\t<actions>', '\t\t\t<jumping>1</jumping>', '\t\t</actions>', '\t</object>', '</annotation>', '',
      ].join('\n'),
    ) // prettier-ignore
  })

  it('warns about polygons, keeps them, and passes over the mask images of the official sets', async () => {
    const chunk = await read({ 'a.xml': file(object([1, 2, 3, 4], { more: '<polygon><x1>1</x1></polygon>' })) }, [
      'a.jpg',
      'SegmentationClass/a.png',
    ])
    expect(chunk.samples).toHaveLength(1)
    expect(chunk.issues.map((issue) => issue.code)).toEqual(['polygon-kept'])
    expect(chunk.annotations[0].extra).toEqual({
      voc: { other: [{ name: 'polygon', children: [{ name: 'x1', children: ['1'] }] }] },
    })
  })

  it('takes class order from a list beside the folder, and names that are not in it', async () => {
    const files = {
      'labels.txt': 'dog\ncat\n',
      'Annotations/a.xml': file(
        object([1, 2, 3, 4], { name: 'Ärger & <Co>'.replace('&', '&amp;').replace('<', '&lt;') }) +
          object([1, 2, 3, 4]),
      ),
    }
    expect((await read(files, ['JPEGImages/a.jpg'])).labels.map((label) => label.name)).toEqual([
      'dog',
      'cat',
      'Ärger & <Co>',
    ])
    const given = await read(files, ['JPEGImages/a.jpg'], { labels: ['cat', 'cat'] })
    expect(given.labels.map((label) => label.name)).toEqual(['cat', 'cat (2)', 'Ärger & <Co>'])
    expect(given.issues.map((issue) => issue.code)).toEqual(['duplicate-name', 'unlisted-class'])
  })

  it('says what it cannot write', async () => {
    const sink = memorySink()
    const sample = { key: '1', path: 'a.jpg', ...size }
    const annotations = [
      { sample: '1', label: 'l', shape: { kind: 'polygon' as const, rings: [[[0, 0], [4, 0], [4, 4]] as [number, number][]] } },
      { sample: '1', label: 'l', shape: { kind: 'tag' as const } },
    ] // prettier-ignore
    await voc.write(toDataset({ labels: [{ key: 'l', name: 'cat' }], samples: [sample], annotations }), sink, {
      origin: 'labelimg',
    })
    expect(sink.issues.map((issue) => issue.message)).toEqual([
      'A polygon "cat" is written as its box. Export as COCO to keep the polygon.',
      'An image tag "cat" has no place in Pascal VOC and is not written. Export as COCO to keep it.',
    ])
  })

  it('is recognised by content: other XML is not VOC, damaged XML beside its image is', async () => {
    expect(await matchFormats(memorySource({ 'x.xml': '<annotations><image/></annotations>' }))).toEqual([])
    expect((await matchFormats(memorySource({ 'a.xml': '<<<' }, { 'a.jpg': size })))[0]).toEqual({
      id: 'voc',
      score: 0.3,
    })
    const both = memorySource({ 'a.xml': file(''), 'a.txt': '0 .5 .5 .1 .1' }, { 'a.jpg': size })
    expect((await matchFormats(both)).slice(0, 2)).toEqual([{ id: 'voc', score: 1 }, { id: 'yolo', score: 1 }]) // prettier-ignore
  })
})

describe('Pascal VOC, images of one name in several folders', () => {
  it('takes the one in the folder of the same name', async () => {
    const chunk = await read(
      {
        'annotations/test/a.xml': file(object([1, 1, 10, 10], { name: 'dog' })),
        'annotations/train/a.xml': file(object([1, 1, 10, 10])),
      },
      ['images/test/a.jpg', 'images/train/a.jpg'],
    )
    expect(messages(chunk)).toEqual([])
    expect(chunk.annotations.map(({ sample, label }) => `${sample} ${label}`)).toEqual([
      'images/test/a.jpg dog',
      'images/train/a.jpg cat',
    ])
  })
})
