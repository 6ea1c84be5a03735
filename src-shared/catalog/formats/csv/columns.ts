/** What the columns of a table of images mean, by their names and first values. */
import { isImage } from '../common/paths'

export interface BoxColumns {
  /** Four columns, or one that holds a list of four numbers. */
  at: readonly number[]
  /** `corners`: x1, y1, x2, y2. `sides`: x, y, width, height. */
  form: 'corners' | 'sides'
}

export interface TableColumns {
  /** The first row names columns and is no data. */
  hasHeader: boolean
  image: number
  split: number | null
  /** One column with the class; null: none has it. */
  label: number | null
  box: BoxColumns | null
  /** One column a class with 0 or 1; empty where there is a column of classes or boxes. */
  flags: readonly { at: number; name: string }[]
}

/** In the order in which they are preferred. */
const imageNames = ['filename', 'filepath', 'file', 'imagepath', 'imgpath', 'imagename', 'imgname', 'image', 'img', 'imageid', 'path', 'idcode', 'id'] // prettier-ignore
const labelNames = ['classname', 'labelname', 'categoryname', 'class', 'label', 'labels', 'category', 'species', 'breed', 'diagnosis', 'target', 'classid', 'labelid', 'categoryid'] // prettier-ignore
const splitNames = ['split', 'subset', 'set']
const boxNames: readonly (BoxColumns['form'] | string)[][] = [
  ['corners', 'xmin', 'ymin', 'xmax', 'ymax'],
  ['corners', 'x1', 'y1', 'x2', 'y2'],
  ['corners', 'left', 'top', 'right', 'bottom'],
  ['sides', 'x', 'y', 'w', 'h'],
  ['sides', 'x', 'y', 'width', 'height'],
  ['sides', 'left', 'top', 'width', 'height'],
  ['sides', 'bboxx', 'bboxy', 'bboxw', 'bboxh'],
  ['sides', 'bboxx', 'bboxy', 'bboxwidth', 'bboxheight'],
  ['sides', 'bbox'],
]

const plain = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/[\s_-]/g, '')
/** A number as it stands in a cell; spreadsheets of many languages write 10,5. */
const numberOf = (cell: string): number =>
  cell.trim() === '' ? NaN : Number(cell.replace(/^(\s*-?\d+),(\d+\s*)$/, '$1.$2'))
const isNumber = (cell: string): boolean => Number.isFinite(numberOf(cell))

/** @param rows the first rows, two at least unless there is no header; null: it is no table of images. */
export function findColumns(rows: readonly (readonly string[])[]): TableColumns | null {
  const [head, ...data] = rows
  if (!head) return null
  const names = head.map(plain)
  const place = (wanted: readonly string[]) => {
    const name = wanted.find((one) => names.includes(one))
    return name === undefined ? null : names.indexOf(name)
  }
  const image = place(imageNames)
  if (image === null) return withoutHeader(head)
  const found = boxNames.find(([, ...wanted]) => wanted.every((name) => names.includes(name)))
  const box = found ? { form: found[0] as BoxColumns['form'], at: found.slice(1).map((name) => names.indexOf(name)) } : null // prettier-ignore
  const label = place(labelNames.filter((name) => names.indexOf(name) !== image))
  const split = place(splitNames)
  const isFlag = (at: number) => data.length > 0 && data.every((row) => ['0', '1'].includes(String(Number(row[at] || 'x')))) // prettier-ignore
  const flags = box || label !== null ? [] : head.flatMap((name, at) => (at !== image && at !== split && name.trim() !== '' && isFlag(at) ? [{ at, name: name.trim() }] : [])) // prettier-ignore
  if (!box && label === null && flags.length < 2) return null
  return { hasHeader: true, image, split, label, box, flags }
}

/** keras-retinanet's rows (path, x1, y1, x2, y2, class; empty cells: no object), and pairs of an image and its class. */
function withoutHeader(first: readonly string[]): TableColumns | null {
  if (!isImage(first[0].trim())) return null
  const rest = { hasHeader: false, image: 0, split: null, flags: [] }
  const isBox = first.slice(1, 5).every(isNumber) || first.slice(1).every((cell) => cell.trim() === '')
  if (first.length === 6 && isBox) return { ...rest, label: 5, box: { form: 'corners', at: [1, 2, 3, 4] } }
  return first.length === 2 ? { ...rest, label: 1, box: null } : null
}

/** The box's four numbers as they stand; null: empty, no object. 'bad': not four numbers. */
export function boxCells(row: readonly string[], { at }: BoxColumns): readonly number[] | null | 'bad' {
  const cells = at.length === 1 ? (row[at[0]] ?? '').replace(/[[\]()]/g, ' ').split(/[\s,;]+/).filter(Boolean) : at.map((i) => (row[i] ?? '').trim()) // prettier-ignore
  if (cells.every((cell) => cell === '')) return null
  return cells.length === 4 && cells.every(isNumber) ? cells.map(numberOf) : 'bad'
}
