/** The header rows of a DeepLabCut CSV: scorer, individuals (several animals), bodyparts, coords. */
import type { CsvRow } from '../../../base/read-csv'

export interface PosePart {
  name: string
  x: number
  y: number
  /** Column of the prediction's confidence; labelled files have none. */
  likelihood?: number
}
export interface PoseIndividual {
  /** null: a file of one animal has no row of individuals. */
  name: string | null
  parts: PosePart[]
}
export interface PoseTable {
  scorer: string
  /** Columns of the image's path: 1, or 3 for `labeled-data, folder, image`. */
  indexColumns: number
  individuals: PoseIndividual[]
  columns: number
}

export class TableError extends Error {
  readonly line: number
  constructor(message: string, line: number) {
    super(message)
    this.name = 'TableError'
    this.line = line
  }
}

export const headerNames = ['scorer', 'individuals', 'bodyparts', 'coords']

/** @param rows the rows before the first image, in order. Throws {@link TableError}. */
export function readTable(rows: readonly CsvRow[]): PoseTable {
  const find = (name: string) => rows.find((row) => row.cells[0].trim() === name)
  const [scorer, individuals, bodyparts, coords] = headerNames.map(find)
  const first = rows[0]?.line ?? 1
  if (!scorer || !bodyparts || !coords) {
    const missing = ['scorer', 'bodyparts', 'coords'].filter((name) => !find(name)).join(', ')
    throw new TableError(`The header has no row "${missing}"`, first)
  }
  const columns = coords.cells.length
  for (const row of [scorer, individuals, bodyparts]) {
    if (row && row.cells.length !== columns)
      throw new TableError(
        `The header row "${row.cells[0]}" has ${row.cells.length} cells, the row "coords" ${columns}`,
        row.line,
      )
  }
  let indexColumns = 1
  while (indexColumns < columns && coords.cells[indexColumns].trim() === '') indexColumns++
  const found = new Map<string, { name: string | null; parts: Map<string, Partial<PosePart>> }>()
  for (let column = indexColumns; column < columns; column++) {
    const individual = individuals?.cells[column].trim() ?? null
    const part = bodyparts.cells[column].trim()
    const axis = coords.cells[column].trim()
    if (part === '') throw new TableError(`Column ${column + 1} has no body part`, bodyparts.line)
    if (axis !== 'x' && axis !== 'y' && axis !== 'likelihood')
      throw new TableError(`Column ${column + 1} is "${axis}"; x, y and likelihood are known`, coords.line)
    const animal = found.get(individual ?? '') ?? { name: individual, parts: new Map<string, Partial<PosePart>>() }
    found.set(individual ?? '', animal)
    const entry = animal.parts.get(part) ?? { name: part }
    animal.parts.set(part, entry)
    if (entry[axis] !== undefined) throw new TableError(`"${part}" has two columns "${axis}"`, coords.line)
    entry[axis] = column
  }
  if (!found.size) throw new TableError('The header names no body parts', bodyparts.line)
  return {
    scorer: scorer.cells[indexColumns].trim(),
    indexColumns,
    columns,
    individuals: [...found.values()].map(({ name, parts }) => ({
      name,
      parts: [...parts.values()].map((part) => {
        if (part.x === undefined || part.y === undefined)
          throw new TableError(`"${part.name}" has no column "${part.x === undefined ? 'x' : 'y'}"`, coords.line)
        return part as PosePart
      }),
    })),
  }
}
