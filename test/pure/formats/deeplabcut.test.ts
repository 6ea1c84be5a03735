import { describe, expect, it } from 'vitest'
import { readCsv } from '@shared/base/read-csv'
import { formats, matchFormats } from '@shared/catalog/formats'
import { memorySink, memorySource, readAll, toDataset, type MemoryFiles } from '../../helpers/memory-dataset'

const format = formats.get('deeplabcut')
const size = { width: 640, height: 480 }
const header = 'scorer,Ada,Ada,Ada,Ada\nbodyparts,snout,snout,tail,tail\ncoords,x,y,x,y\n'
const file = 'labeled-data/m1/CollectedData_Ada.csv'
const read = (files: MemoryFiles, images = ['labeled-data/m1/a.png', 'labeled-data/m1/b.png'], named: string[] = []) =>
  readAll(
    format.read(memorySource(files, Object.fromEntries(images.map((path) => [path, size])), { named, pieces: 13 }), {
      label: 'animal',
      index: 'auto',
    }),
  )
const shapes = (chunk: Awaited<ReturnType<typeof read>>) => chunk.annotations.map(({ shape }) => shape)
const messages = (chunk: Awaited<ReturnType<typeof read>>) =>
  chunk.issues.map(({ level, code, message, file, line }) => `${level} ${code} ${file}:${line ?? '-'} ${message}`)

describe('DeepLabCut files', () => {
  it('reads points, empty cells as missing, frames without a row as unlabelled', async () => {
    const chunk = await read({ [file]: `${header}labeled-data/m1/a.png,1.5,2,,\r\n` })
    expect(chunk.issues).toEqual([])
    expect(shapes(chunk)).toEqual([{ kind: 'keypoints', keypoints: [[1.5, 2, 2], [0, 0, 0]] }]) // prettier-ignore
    expect(chunk.samples.map(({ path }) => path)).toEqual(['labeled-data/m1/a.png', 'labeled-data/m1/b.png'])
    expect(chunk.labels).toEqual([
      { key: 'animal', name: 'animal', skeleton: { names: ['snout', 'tail'], edges: [], flip: [], sigmas: [] } },
    ])
    expect(chunk.extra).toEqual({ deeplabcut: { scorer: 'Ada', index: 'path' } })
  })

  it('reads three index columns, several animals, parts of their own', async () => {
    const chunk = await read({
      [file]:
        'scorer,,,Ada,Ada,Ada,Ada,Ada,Ada\nindividuals,,,m1,m1,m2,m2,single,single\n' +
        'bodyparts,,,snout,snout,snout,snout,cup,cup\ncoords,,,x,y,x,y,x,y\n' +
        'labeled-data,m1,a.png,1,2,3,4,5,6\nlabeled-data,m1,b.png,,,7,8,,\n',
    })
    expect(chunk.issues).toEqual([])
    expect(chunk.labels.map(({ name, skeleton }) => [name, skeleton!.names])).toEqual([['animal', ['snout']], ['single', ['cup']]]) // prettier-ignore
    expect(chunk.annotations.map(({ sample, label, extra }) => `${sample} ${label} ${JSON.stringify(extra)}`)).toEqual([
      'labeled-data/m1/a.png animal {"attributes":{"individual":"m1"}}',
      'labeled-data/m1/a.png animal {"attributes":{"individual":"m2"}}',
      'labeled-data/m1/a.png single {"attributes":{"individual":"single"}}',
      'labeled-data/m1/b.png animal {"attributes":{"individual":"m2"}}',
    ])
    expect(shapes(chunk)[3]).toEqual({ kind: 'keypoints', keypoints: [[7, 8, 2]] })
  })

  it('joins the folders of a project, in whatever order their points stand, with the edges of config.yaml', async () => {
    const chunk = await read(
      {
        'p/config.yaml': 'Task: cage\nscorer: Ada\nbodyparts: [leftear, rightear]\nskeleton:\n- [leftear, rightear]\n',
        'p/labeled-data/m1/CollectedData_Ada.csv': 'scorer,A,A,A,A\nbodyparts,leftear,leftear,rightear,rightear\ncoords,x,y,x,y\nlabeled-data/m1/a.png,1,2,3,4\n',
        'p/labeled-data/m2/CollectedData_Ada.csv': 'scorer,A,A,A,A\nbodyparts,rightear,rightear,leftear,leftear\ncoords,x,y,x,y\nlabeled-data\\m2\\a.png,3,4,1,2\n',
      },
      ['p/labeled-data/m1/a.png', 'p/labeled-data/m2/a.png', 'p/labeled-data/m2_labeled/a.png'],
    ) // prettier-ignore
    expect(chunk.labels[0].skeleton).toEqual({ names: ['leftear', 'rightear'], edges: [[0, 1]], flip: [1, 0], sigmas: [] }) // prettier-ignore
    expect(shapes(chunk)).toEqual(Array.from({ length: 2 }, () => ({ kind: 'keypoints', keypoints: [[1, 2, 2], [3, 4, 2]] }))) // prettier-ignore
    expect(chunk.samples.map(({ path }) => path)).toEqual(['p/labeled-data/m1/a.png', 'p/labeled-data/m2/a.png'])
    expect(chunk.extra).toEqual({ deeplabcut: { scorer: 'A', index: 'path', config: { Task: 'cage' } } })
    expect(chunk.issues.map(({ code }) => code)).toEqual(['unlisted-images'])
  })

  it.each([
    ['labeled-data/m1/a.png,1,2,3', `skipped bad-row ${file}:4 The row has 4 cells, the header 5; it is skipped. The file may be cut off: get it again.`, 0],
    ['labeled-data/m1/a.png,1,x,3,4', `skipped bad-number ${file}:4 "snout" is "x", not two numbers; the point is left out. Correct the cell.`, 1],
    ['labeled-data/m1/a.png,1,,3,4', `skipped bad-number ${file}:4 "snout" is half empty, not two numbers; the point is left out. Correct the cell.`, 1],
    ['labeled-data/m1/a.png,900,2,901,4', `skipped outside-image ${file}:4 The box of the pose 900, 2, 901, 4 lies outside of the 640 x 480 image and is skipped. Check that the annotation belongs to this image.`, 0],
    ['labeled-data/m1/a.png,,,,\nlabeled-data/m1/a.png,1,2,3,4', `skipped duplicate-row ${file}:5 The file has a row for labeled-data/m1/a.png before; this one is skipped.`, 0],
    ['17,1,2,3,4\n18,1,2,3,4', `skipped frame-numbers ${file}:4 2 rows are numbers of video frames, not images: the file is a prediction of DeepLabCut for a video. Extract the frames as images and import a CollectedData file.`, 0],
    [',1,2,3,4', `skipped no-image ${file}:4 The row names no image and is skipped.`, 0],
  ])('reports %j', async (row, message, count) => {
    const chunk = await read({ [file]: `${header}${row}\n` })
    expect(messages(chunk)).toEqual([message])
    expect(chunk.annotations).toHaveLength(count)
  }) // prettier-ignore

  it.each([
    ['scorer,Ada,Ada\nbodyparts,a,a\n', 1, 'The header has no row "coords"'],
    ['scorer,Ada\nbodyparts,a,a\ncoords,x,y\n', 1, 'The header row "scorer" has 2 cells, the row "coords" 3'],
    ['scorer,Ada,Ada\nbodyparts,a,a\ncoords,x,z\n', 3, 'Column 3 is "z"; x, y and likelihood are known'],
    ['scorer,Ada\nbodyparts,a\ncoords,x\n', 3, '"a" has no column "y"'],
    ['scorer,Ada,Ada\nbodyparts,a,a\ncoords,x,x\n', 3, '"a" has two columns "x"'],
  ])('says what is wrong with the header %j', async (text, line, message) => {
    const chunk = await read({ [file]: text })
    expect(messages(chunk)).toEqual([`skipped bad-header ${file}:${line} ${message}; the file is not read. A labelled file has the rows scorer, bodyparts and coords: save it again with DeepLabCut.`]) // prettier-ignore
  })

  it('refuses to import nothing, and a row without end', async () => {
    await expect(read({ 'x.csv': 'a,b\n' })).rejects.toThrow('There is no DeepLabCut file here')
    const endless = `${header}"${'x'.repeat(5 << 20)}`
    const source = memorySource({ [file]: endless }, {}, { pieces: 1 << 20 })
    await expect(readAll(format.read(source, {}))).rejects.toThrow(`${file} has a row of more than 4 MB (line 4)`)
  })

  it('is told from other CSV files by its header', async () => {
    const match = async (text: string) => (await matchFormats(memorySource({ 'x.csv': text }))).map(({ id }) => id)
    expect(await match(header)).toEqual(['deeplabcut'])
    expect(await match('scorer,name\n1,2\n')).toEqual([])
    expect(await match('label,x,y\n')).toEqual([])
  })

  it('says what it cannot write', async () => {
    const sink = memorySink()
    await format.write(
      toDataset({
        labels: [{ key: 'a', name: 'a' }],
        samples: [{ key: '1', path: 'm/1.png', split: 'val' }],
        annotations: [
          { sample: '1', label: 'a', shape: { kind: 'box', box: [0, 0, 5, 5] } },
          { sample: '1', label: 'a', shape: { kind: 'keypoints', keypoints: [[1, 2, 1], [0, 0, 0]], box: [0, 0, 5, 5] } },
        ],
      }),
      sink,
      { label: 'animal', index: 'auto' },
    ) // prettier-ignore
    expect(sink.issues.map(({ code }) => code)).toEqual([
      'unsupported-shape',
      'box-dropped',
      'hidden-as-visible',
      'no-split',
    ])
    expect(sink.files['labeled-data/m/CollectedData_tagwright.csv'].split('\n').slice(1)).toEqual([
      'bodyparts,,,point 1,point 1,point 2,point 2',
      'coords,,,x,y,x,y',
      'labeled-data,m,1.png,1,2,,',
      '',
    ])
  })
})

describe('CSV', () => {
  it('reads quotes, commas and line breaks inside of them, in pieces of any size', async () => {
    const text = '\ufeffa,"b ""c"", d",\r\n\n"x\ny",é,3\nlast,"",4'
    for (const size of [1, 2, 3, 7, 100]) {
      const bytes = new TextEncoder().encode(text)
      const stream = (async function* () {
        await Promise.resolve()
        for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
      })()
      const rows: unknown[] = []
      for await (const row of readCsv(stream, 'x.csv')) rows.push(row)
      expect(rows, String(size)).toEqual([
        { cells: ['a', 'b "c", d', ''], line: 1 },
        { cells: ['x\ny', 'é', '3'], line: 3 },
        { cells: ['last', '', '4'], line: 5 },
      ])
    }
  })
})
