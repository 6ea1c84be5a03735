import { describe, expect, it } from 'vitest'
import { formats, matchFormats } from '@shared/catalog/formats'
import { memorySource, readAll } from '../../helpers/memory-dataset'

const size = { width: 200, height: 100 }
const csv = formats.get('csv')
const open = (table: string, images: string[], file = 'labels.csv') => memorySource({ [file]: table }, Object.fromEntries(images.map((path) => [path, size]))) // prettier-ignore
const read = async (table: string, images: string[], file?: string) => readAll(csv.read(open(table, images, file), csv.options.parse({}))) // prettier-ignore
const best = async (table: string, images: string[]) => (await matchFormats(open(table, images), 'class'))[0].id
const shapes = ({ annotations }: Awaited<ReturnType<typeof read>>) => annotations.map(({ sample, label, shape }) => [sample, label, shape.kind === 'box' ? shape.box : shape.kind]) // prettier-ignore

describe('tables of images', () => {
  it('name a class for each image, by name or without its ending', async () => {
    const images = ['train/a1.jpg', 'train/a2.png']
    for (const table of [
      'filename,label\na1.jpg,cat\na2.png,dog\n',
      'id,breed\r\na1,cat\r\na2,dog\r\n',
      'a1.jpg,cat\na2.png,dog',
    ]) {
      expect(await best(table, images), table).toBe('csv')
      expect(shapes(await read(table, images)), table).toEqual([['train/a1.jpg', 'cat', 'tag'], ['train/a2.png', 'dog', 'tag']]) // prettier-ignore
    }
  })

  it('have a column of 0 and 1 for each class, as Roboflow and ISIC write them', async () => {
    const found = await read('filename, cat, dog, bird\na.jpg, 1, 0, 0\nb.jpg, 0.0, 1.0, 1.0\nc.jpg, 0, 0, 0\n', ['a.jpg', 'b.jpg', 'c.jpg']) // prettier-ignore
    expect(shapes(found)).toEqual([['a.jpg', 'cat', 'tag'], ['b.jpg', 'dog', 'tag'], ['b.jpg', 'bird', 'tag']]) // prettier-ignore
    expect(found.samples).toHaveLength(3)
  })

  it('have boxes as TensorFlow, keras-retinanet, Global Wheat and OpenImages write them', async () => {
    const images = ['img/a.jpg', 'img/b.jpg']
    const box = ['img/a.jpg', 'ship', [10, 20, 60, 80]]
    expect(shapes(await read('filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,200,100,ship,10,20,60,80\n', images))).toEqual([box]) // prettier-ignore
    expect(shapes(await read('img/a.jpg,10,20,60,80,ship\nimg/b.jpg,,,,,\n', images))).toEqual([box])
    expect(shapes(await read('image_id,bbox,label\na,"[10, 20, 50, 60]",ship\n', images))).toEqual([box])
    expect(shapes(await read('ImageID,LabelName,XMin,XMax,YMin,YMax\na,ship,0.05,0.3,0.2,0.8\n', images))).toEqual([
      box,
    ])
    expect(shapes(await read('image_id,x,y,w,h\na,10,20,50,60\n', images))).toEqual([['img/a.jpg', 'object', box[2]]])
  })

  it('part their cells by semicolons or tabs where a spreadsheet wrote them', async () => {
    const german = 'filename;class;xmin;ymin;xmax;ymax\r\na.jpg;"ship; old, grey";10,5;20;60,25;80\r\n'
    expect(await best(german, ['a.jpg'])).toBe('csv')
    expect(shapes(await read(german, ['a.jpg']))).toEqual([['a.jpg', 'ship; old, grey', [10.5, 20, 60.25, 80]]])
    expect(shapes(await read('filename\tlabel\na.jpg\tcat, small\n', ['a.jpg']))).toEqual([
      ['a.jpg', 'cat, small', 'tag'],
    ])
    const one = await read('filename;class\na.jpg;1,5\n', ['a.jpg'])
    expect(shapes(one)).toEqual([['a.jpg', '1,5', 'tag']])
  })

  it('divide images where they say more than one split, and not where one table is called train', async () => {
    const two = await read('file,class,split\na.jpg,x,train\nb.jpg,y,valid\n', ['a.jpg', 'b.jpg'])
    expect(two.samples.map(({ split }) => split)).toEqual(['train', 'val'])
    const one = await read('id,class\na,x\nb,y\n', ['train/a.jpg', 'train/b.jpg', 'test/c.jpg'], 'train.csv')
    expect(one.samples.map(({ path, split }) => [path, split])).toEqual([['train/a.jpg', undefined], ['train/b.jpg', undefined], ['test/c.jpg', undefined]]) // prettier-ignore
  })

  it('of something else are none, and broken rows are told with their line', async () => {
    expect(await best('id,price\n1,20\n2,30\n', ['a.jpg'])).toBe('images')
    expect(await best('filename,label\nelsewhere.jpg,cat\n', ['a.jpg'])).toBe('images')
    const { issues, annotations } = await read('filename,class,xmin,ymin,xmax,ymax\na.jpg,x,1,2,three,4\na.jpg,,1,2,3,4\n,x,1,2,3,4\n', ['a.jpg']) // prettier-ignore
    expect(issues.map(({ code, line }) => [code, line])).toEqual([['bad-box', 2], ['no-name', 3], ['bad-image', 4]]) // prettier-ignore
    expect(annotations).toEqual([])
  })
})
