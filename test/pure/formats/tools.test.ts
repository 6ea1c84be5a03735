/** labelme, CVAT, Create ML, Label Studio, MPII: files as those tools write them, and damaged ones. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formats, matchFormats } from '@shared/catalog/formats'
import { readBrush, writeBrush } from '@shared/catalog/formats/label-studio/brush'
import { memorySink, toDataset, memorySource, readAll, type MemoryFiles } from '../../helpers/memory-dataset'

const size = { width: 200, height: 100 }
const read = (id: string, files: MemoryFiles, images = ['a.jpg'], named: string[] = []) =>
  readAll(
    formats
      .get(id)
      .read(
        memorySource(files, Object.fromEntries(images.map((path) => [path, size])), { named, pieces: 37 }),
        formats.get(id).options.parse({}) as object,
      ),
  )
type Read = Awaited<ReturnType<typeof read>>
const objects = ({ annotations }: Read) => annotations.map(({ label, shape }) => ({ label, ...shape }))
const codes = ({ issues }: Read) =>
  issues.map(({ level, code, file, line }) => `${level} ${code} ${file}:${line ?? '-'}`)
const match = async (file: string, text: string) =>
  (await matchFormats(memorySource({ [file]: text }))).map(({ id }) => id)

describe('labelme', () => {
  const file = (...shapes: object[]) =>
    JSON.stringify({ version: '5.4.1', flags: {}, shapes, imagePath: '..\\x\\a.jpg', imageData: 'AAAA', imageHeight: 100, imageWidth: 200 }, null, 2) // prettier-ignore

  it('reads corners in any order, circles, turned rectangles, groups of points', async () => {
    const chunk = await read('labelme', {
      'a.json': file(
        { label: 'cat', points: [[90, 80], [10, 20]], group_id: 1, shape_type: 'rectangle', flags: {} },
        { label: 'tail', points: [[12, 22]], group_id: 1, shape_type: 'point', flags: {} },
        { label: 'nose', points: [[80, 70]], group_id: 1, shape_type: 'point', flags: { occluded: true } },
        { label: 'sun', points: [[50, 50], [60, 50]], shape_type: 'circle' },
        { label: 'car', points: [[10, 10], [10, 30], [0, 30], [0, 10]], shape_type: 'oriented_rectangle' },
        { label: 'way', points: [[1, 1], [2, 2]], shape_type: 'line' },
      ),
    }) // prettier-ignore
    expect(codes(chunk)).toEqual(['warning kept-shape a.json:-'])
    const [cat, sun, car] = objects(chunk)
    expect(cat).toEqual({ label: 'cat', kind: 'keypoints', keypoints: [[12, 22, 2], [80, 70, 1]], box: [10, 20, 90, 80] }) // prettier-ignore
    expect(sun).toMatchObject({ label: 'sun', kind: 'polygon' })
    expect(car).toEqual({ label: 'car', kind: 'rotated-box', rotatedBox: [5, 20, 20, 10, 90] })
    expect(chunk.labels[0]).toMatchObject({ name: 'cat', skeleton: { names: ['tail', 'nose'] } })
    expect(chunk.samples).toMatchObject([{ path: 'a.jpg', ...size, extra: { labelme: { other: [{ label: 'way' }] } } }])
  })

  it.each([
    [file({ label: 'a', points: [[1, 2]], shape_type: 'rectangle' }), 'skipped bad-points a.json:5', 0],
    [file({ label: 'a', points: [[1, true], [3, 4]], shape_type: 'rectangle' }), 'skipped bad-points a.json:5', 0],
    [file({ points: [[1, 2], [3, 4]], shape_type: 'rectangle' }), 'skipped no-name a.json:5', 0],
    [file({ label: 'a', points: [[1, 2], [1, 4]], shape_type: 'rectangle' }), 'skipped zero-area a.json:5', 0],
    [file({ label: 'a', points: [[1, 2], [3, 4]], shape_type: 'mask', mask: '!' }), 'skipped bad-mask a.json:5', 0],
    [file({ label: 'a', points: [[1, 2], [3, 4]], shape_type: 'rectangle' }).slice(0, 200), 'skipped bad-json a.json:', 0],
    ['[]', 'skipped bad-json a.json:', 0],
  ])('says where %j is wrong', async (text, issue, count) => {
    const chunk = await read('labelme', { 'a.json': text }, ['a.jpg'], ['a.json'])
    expect(codes(chunk)).toHaveLength(1)
    expect(codes(chunk)[0].startsWith(issue)).toBe(true)
    expect(chunk.annotations).toHaveLength(count)
  }) // prettier-ignore

  it('is told from COCO', async () => {
    expect(await match('a.json', file())).toEqual(['labelme'])
    expect(await match('a.json', '{"images":[],"annotations":[]}')).toEqual(['coco'])
  })
})

describe('CVAT', () => {
  const wrap = (body: string) =>
    `<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n${body}\n</annotations>\n`
  const svg =
    '&lt;line data-type="edge" data-node-from="1" data-node-to="2"&gt;&lt;/line&gt;&lt;circle cx="10" cy="20" data-node-id="1" data-label-name="tail"&gt;&lt;/circle&gt;&lt;circle cx="50" cy="60" data-node-id="2" data-label-name="nose"&gt;&lt;/circle&gt;'
  const meta = `<meta><task><labels><label><name>cat</name><type>skeleton</type><svg>${svg}</svg></label><label><name>tail</name><parent>cat</parent></label><label><name>nose</name><parent>cat</parent></label></labels></task></meta>`

  it('reads skeletons with their edges, masks, turned boxes, ellipses', async () => {
    const chunk = await read('cvat', {
      'annotations.xml': wrap(`${meta}
<image id="0" name="a.jpg" width="200" height="100" subset="Validation">
<skeleton label="cat" occluded="0"><points label="nose" outside="0" occluded="1" points="5,6"/><points label="tail" outside="1" occluded="0" points="1,2"/></skeleton>
<box label="car" occluded="1" xtl="10" ytl="20" xbr="30" ybr="60" rotation="45.0"/>
<mask label="car" rle="1, 2, 1" left="3" top="4" width="2" height="2"/>
<ellipse label="car" cx="50" cy="50" rx="10" ry="5"/>
<polyline label="car" points="1,2;3,4"/>
</image>`),
    }) // prettier-ignore
    expect(codes(chunk)).toEqual(['warning beyond-image annotations.xml:7', 'warning kept-shape annotations.xml:10'])
    expect(objects(chunk).slice(0, 2)).toEqual([
      { label: 'cat', kind: 'keypoints', keypoints: [[0, 0, 0], [5, 6, 1]] },
      { label: 'car', kind: 'rotated-box', rotatedBox: [20, 40, 20, 40, 45] },
    ]) // prettier-ignore
    // Pixels (4, 4) and (3, 5) of 100 rows a column.
    expect(objects(chunk)[2]).toEqual({ label: 'car', kind: 'mask', mask: { size: [100, 200], counts: [305, 1, 98, 1, 19595] } }) // prettier-ignore
    expect(chunk.labels[0].skeleton).toMatchObject({ names: ['tail', 'nose'], edges: [[0, 1]], layout: [[0.1, 0.2], [0.5, 0.6]] }) // prettier-ignore
    expect(chunk.samples[0].split).toBe('val')
  })

  it('reads tracks frame by frame, without those that are outside', async () => {
    const box = (frame: number, outside: number) =>
      `<box frame="${frame}" outside="${outside}" occluded="0" keyframe="1" xtl="1" ytl="2" xbr="30" ybr="40"/>`
    const chunk = await read('cvat', { 'x.xml': wrap(`<track id="3" label="cat">\n${box(0, 0)}${box(1, 0)}${box(2, 1)}</track>`) }, ['images/frame_000000.png', 'images/frame_000001.png']) // prettier-ignore
    expect(chunk.annotations.map(({ sample, extra }) => [sample, extra])).toEqual([
      ['images/frame_000000.png', { attributes: { track_id: 3 } }],
      ['images/frame_000001.png', { attributes: { track_id: 3 } }],
    ])
  })

  it('fills the frames between keyframes and after the last one, as far as images are there', async () => {
    const box = (frame: number, x: number, outside = 0, more = '') =>
      `<box frame="${frame}" outside="${outside}" occluded="0" keyframe="1" xtl="${x}" ytl="10" xbr="${x + 20}" ybr="40"${more}/>`
    const outline = (frame: number, points: string) => `<polygon frame="${frame}" outside="0" occluded="0" keyframe="1" points="${points}"/>` // prettier-ignore
    const images = [0, 1, 2, 3, 4, 6].map((frame) => `images/frame_00000${frame}.png`)
    const task = '<meta><task><size>7</size><stop_frame>6</stop_frame></task></meta>'
    const track = (name: string, ...shapes: string[]) => `<track id="0" label="${name}">${shapes.join('')}</track>`
    const chunk = await read('cvat', { 'x.xml': wrap([task,
      track('gone', box(4, 90, 1), box(0, 10)),
      track('turns', box(0, 10, 0, ' rotation="350"'), box(2, 10, 0, ' rotation="30"'), box(3, 10, 1)),
      track('stays', box(3, 50)),
      track('outline', outline(0, '0,0;10,0;10,10'), outline(2, '4,0;14,0;14,10'), outline(4, '4,0;14,0;14,10;4,10')),
    ].join('\n')) }, images) // prettier-ignore
    const of = (name: string) => objects(chunk).flatMap((one, i) => (one.label === name ? [{ ...one, frame: Number(/(\d)\.png/.exec(chunk.annotations[i].sample)![1]) }] : [])) // prettier-ignore
    const boxes = (name: string) => of(name).map((one) => [one.frame, ...(one.kind === 'box' ? one.box : one.kind === 'rotated-box' ? [one.rotatedBox[4]] : [])]) // prettier-ignore
    // Evenly towards its last place, where it is not seen any more.
    expect(boxes('gone')).toEqual([0, 1, 2, 3].map((frame) => [frame, 10 + 20 * frame, 10, 30 + 20 * frame, 40]))
    // The shorter way over 0 degrees; an outside keyframe ends it.
    expect(boxes('turns')).toEqual([[0, 350], [1, 10], [2, 30]]) // prettier-ignore
    // No image of frame 5: nothing is made up for it.
    expect(boxes('stays').map(([frame]) => frame)).toEqual([3, 4, 6])
    expect(of('outline').map((one) => [one.frame, one.kind === 'polygon' && one.rings[0].length, one.kind === 'polygon' && one.rings[0][0][0]])).toEqual([[0, 3, 0], [1, 3, 2], [2, 3, 4], [3, 3, 4], [4, 4, 4], [6, 4, 4]]) // prettier-ignore
    expect(codes(chunk)).toEqual(['warning track-held x.xml:8'])
    expect(chunk.samples).toHaveLength(6)
  })

  it.each([
    [
      '<image id="0" name="a.jpg" width="200" height="100">\n<box label="a" xtl="1" ytl="x" xbr="3" ybr="4"/></image>',
      'skipped bad-number x.xml:5',
    ],
    [
      '<image id="0" name="a.jpg" width="200" height="100">\n<polygon label="a" points="1,2;3"/></image>',
      'skipped bad-points x.xml:5',
    ],
    [
      '<image id="0" name="a.jpg" width="200" height="100">\n<mask label="a" rle="1,9" left="0" top="0" width="2" height="2"/></image>',
      'skipped bad-mask x.xml:5',
    ],
    ['<image id="0" width="200" height="100"></image>', 'skipped bad-image x.xml:4'],
    ['<image id="0" name="a.jpg" width="200" height="100">\n<box label="a" xtl=1/></image>', 'skipped bad-xml x.xml:5'],
  ])('says where %j is wrong', async (body, issue) => {
    expect(codes(await read('cvat', { 'x.xml': wrap(body) }))).toEqual([issue])
  })

  it('keeps what stands before the end of a file that is cut off', async () => {
    const whole = wrap(
      '<image id="0" name="a.jpg" width="200" height="100">\n<box label="a" xtl="1" ytl="2" xbr="3" ybr="4"/></image>\n<image id="1" name="b.jpg">',
    )
    const chunk = await read('cvat', { 'x.xml': whole.slice(0, -20) }, ['a.jpg', 'b.jpg'])
    expect(chunk.annotations).toHaveLength(1)
    expect(codes(chunk)).toEqual(['skipped bad-xml x.xml:6'])
  })

  it('does not expand entities', async () => {
    const bomb =
      '<?xml version="1.0"?>\n<!DOCTYPE annotations [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>\n<annotations><version>1.1</version><image name="a.jpg"><tag label="&b;"/></image></annotations>'
    const chunk = await read('cvat', { 'x.xml': bomb }, ['a.jpg'], ['x.xml'])
    expect(codes(chunk)).toEqual(['skipped xml-doctype x.xml:2'])
    expect(chunk.labels).toEqual([])
  })
})

describe('Create ML', () => {
  it('reads centres, both names of the image, and says where a row is wrong', async () => {
    const chunk = await read('createml', { 'x.json': `[
{"image":"a.jpg","annotations":[{"label":"cat","coordinates":{"x":50,"y":40,"width":20,"height":10}},{"label":"cat","coordinates":{"x":"1","y":2,"width":3,"height":4}}]},
{"imagefilename":"b.jpg","annotations":[]},
{"annotations":[]}]` }, ['a.jpg', 'b.jpg']) // prettier-ignore
    expect(objects(chunk)).toEqual([{ label: 'cat', kind: 'box', box: [40, 35, 60, 45] }])
    expect(codes(chunk)).toEqual(['skipped bad-box x.json:2', 'skipped bad-image x.json:4'])
    expect(chunk.samples.map(({ path }) => path)).toEqual(['a.jpg', 'b.jpg'])
  })
  it('keeps the rows before the end of a file that is cut off', async () => {
    const chunk = await read('createml', { 'x.json': '[{"image":"a.jpg","annotations":[]},{"image":' })
    expect(chunk.samples).toHaveLength(1)
    expect(codes(chunk)).toEqual(['skipped bad-json x.json:1'])
  })
})

describe('Label Studio', () => {
  const value = { x: 10, y: 20, width: 30, height: 40, rotation: 90 }
  const sizes = { original_width: 200, original_height: 100 }
  it('reads the export: turned about the corner, uploaded names, keypoints of a parent, labels of a region in two rows', async () => {
    const task = { id: 1, data: { image: '/data/upload/3/1a2b3c4d-a.jpg' }, annotations: [{ result: [
      { id: 'r', type: 'rectanglelabels', ...sizes, value: { ...value, rectanglelabels: ['cat'] } },
      { id: 's', type: 'rectangle', ...sizes, value: { x: 0, y: 0, width: 50, height: 50 } },
      { id: 's', type: 'labels', ...sizes, value: { labels: ['dog'] } },
      { id: 'k', parentID: 's', type: 'keypointlabels', ...sizes, value: { x: 25, y: 25, width: 1, keypointlabels: ['nose'] } },
      { id: 'b', type: 'brushlabels', ...sizes, value: { format: 'rle', rle: [1, 2], brushlabels: ['cat'] } },
      { type: 'choices', value: { choices: ['day'] } },
    ] }] } // prettier-ignore
    const chunk = await read('label-studio', { 'x.json': JSON.stringify([task]) })
    expect(objects(chunk)).toEqual([
      { label: 'cat', kind: 'rotated-box', rotatedBox: [20 - 20, 20 + 30, 60, 40, 90].map((n) => expect.closeTo(n, 9) as unknown) },
      { label: 'dog', kind: 'keypoints', keypoints: [[50, 25, 2]], box: [0, 0, 100, 50] },
      { label: 'day', kind: 'tag' },
    ]) // prettier-ignore
    expect(codes(chunk)).toEqual(['warning beyond-image x.json:1', 'skipped bad-region x.json:1'])
    expect(chunk.samples[0].path).toBe('a.jpg')
  })
  it('unpacks a brush: single words and runs, the alpha of each pixel counts', async () => {
    // 8 words of 8 bits (2 pixels), sizes of counts 3, 4, 8, 16; words 255 0 0 0 one by one, then a run of four of 128.
    const bits = ['00000000000000000000000000001000', '00111', '0010', '0011', '0111', '1111', '0', '00', '011', '11111111', '00000000', '00000000', '00000000', '1', '00', '011', '10000000'].join('') // prettier-ignore
    const rle = Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) => parseInt(bits.slice(8 * i, 8 * i + 8).padEnd(8, '0'), 2)) // prettier-ignore
    const brush = (value: object) => JSON.stringify([{ id: 1, data: { image: 'a.jpg' }, annotations: [{ result: [{ id: 'b', type: 'brushlabels', original_width: 2, original_height: 1, value: { format: 'rle', brushlabels: ['cat'], ...value } }] }] }]) // prettier-ignore
    const chunk = await read('label-studio', { 'x.json': brush({ rle }) })
    expect(objects(chunk)).toEqual([{ label: 'cat', kind: 'mask', mask: { size: [1, 2], counts: [1, 1] } }])
    for (const wrong of [rle.slice(0, -2), [...rle.slice(0, 3), 9, ...rle.slice(4)], 'AAA', [256]])
      expect(codes(await read('label-studio', { 'x.json': brush({ rle: wrong }) }))).toEqual(['skipped bad-region x.json:1']) // prettier-ignore
  })
  it('packs masks so that they come back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.infiniteStream(fc.nat(70)), (width, height, runs) => {
        // Columns of alternating runs, some longer than a count of the smallest sizes.
        const counts: number[] = []
        for (let left = width * height; left > 0; left -= counts.at(-1)!) counts.push(Math.min(left, runs.next().value! + (counts.length > 0 ? 1 : 0)))
        const mask = { size: [height, width] as [number, number], counts }
        expect(readBrush(writeBrush(mask), width, height)).toEqual({ mask })
      }),
    )
    const large = { size: [300, 400] as [number, number], counts: [5, 119_995] }
    expect(readBrush(writeBrush(large), 400, 300)).toEqual({ mask: large })
  }) // prettier-ignore
  it('reads JSON-MIN', async () => {
    const task = { image: '/data/local-files/?d=pics%2Fa.jpg', id: 1, label: [{ ...value, rotation: 0, rectanglelabels: ['cat'], ...sizes }], choice: 'day', annotator: 1, annotation_id: 2 } // prettier-ignore
    const text = JSON.stringify([task])
    expect(await match('x.json', text)).toEqual(['label-studio'])
    const chunk = await read('label-studio', { 'x.json': text }, ['pics/a.jpg'])
    expect(objects(chunk)).toEqual([{ label: 'cat', kind: 'box', box: [20, 20, 80, 60] }, { label: 'day', kind: 'tag' }]) // prettier-ignore
    expect(chunk.samples.map(({ path }) => path)).toEqual(['pics/a.jpg'])
  })
})

describe('MPII', () => {
  it('says where a person has other joints', async () => {
    const chunk = await read('mpii', { 'x.json': '[{"image":"a.jpg","joints":[[1,2]],"joints_vis":[1]}]' })
    expect(codes(chunk)).toEqual(['skipped bad-keypoints x.json:1'])
  })
})

describe('MPII', () => {
  it('says what it cannot write, once for each object', async () => {
    const sink = memorySink()
    const points = (v: 1 | 2) => Array.from({ length: 16 }, (_, i): [number, number, 1 | 2] => [i, 2 * i, i === 3 ? v : 2])
    await formats.get('mpii').write!(
      toDataset({
        labels: [{ key: 'a', name: 'diver' }, { key: 'b', name: 'swimmer' }],
        samples: [{ key: '1', path: 'm.jpg' }],
        annotations: [
          { sample: '1', label: 'a', shape: { kind: 'box', box: [0, 0, 5, 5] } },
          { sample: '1', label: 'a', shape: { kind: 'keypoints', keypoints: points(1) } },
          { sample: '1', label: 'b', shape: { kind: 'keypoints', keypoints: points(2) } },
        ],
      }),
      sink,
      {},
    )
    expect(sink.issues.map(({ level, code }) => `${level} ${code}`)).toEqual([
      'skipped unsupported-shape',
      'warning class-dropped',
      'warning hidden-as-visible',
      'warning class-dropped',
    ])
    expect(JSON.parse(sink.files['annotations/mpii.json'])).toHaveLength(2)
  }) // prettier-ignore
})

describe('a folder with one file an image', () => {
  const names = Array.from({ length: 250 }, (_, i) => `a${i}`)
  const images = names.map((name) => `${name}.jpg`)
  const folder = (ending: string, text: (image: string) => string) =>
    Object.fromEntries(names.map((name) => [`${name}.${ending}`, text(`${name}.jpg`)]))

  it('is read to its last file, however many there are', async () => {
    const tasks = folder('json', (image) => JSON.stringify([{ id: 1, data: { image }, annotations: [{ result: [] }] }]))
    expect((await read('label-studio', tasks, images)).samples).toHaveLength(250)
    const cvat = folder('xml', (name) => `<annotations><version>1.1</version><image id="0" name="${name}" width="200" height="100"><box label="x" xtl="1" ytl="2" xbr="30" ybr="40"/></image></annotations>`) // prettier-ignore
    expect((await read('cvat', cvat, images)).annotations).toHaveLength(250)
  })
})
