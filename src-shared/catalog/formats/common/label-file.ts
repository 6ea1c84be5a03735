/**
 * Classes of formats that have no list of them: their order, classes without an object, and skeletons, in a file of our own
 * beside the annotations. Other programs ignore it.
 */
import { z } from 'zod'
import { decodeText } from '../../../base/text'
import type { DatasetLabel } from '../../../domain/dataset'
import { flipByName } from '../../../domain/flip-by-name'
import { skeletonFault, skeletonSchema, type Skeleton } from '../../../domain/skeleton'
import type { FormatSource } from '../../format'
import { baseName } from './paths'

export const labelFile = 'tagwright-labels.json'
const schema = z.object({
  labels: z.array(z.object({ name: z.string().min(1), skeleton: skeletonSchema.optional() })),
})

export const printLabelFile = (labels: readonly DatasetLabel[]): string =>
  `${JSON.stringify({ labels: labels.map(({ name, skeleton }) => ({ name, ...(skeleton ? { skeleton } : {}) })) }, null, 1)}\n`

/** The classes of an import while its files are looked through: names, and points in order of first use. */
export interface ClassTable {
  see(name: string, points?: Iterable<string>): void
  /** In order; a class with points has a skeleton. Call after all of them were seen. */
  labels(): DatasetLabel[]
  /** Index of each point of a class. */
  places(name: string): ReadonlyMap<string, number>
}

/** Begins with the names that a person gave, then with those of our own file. */
export async function openClassTable(source: FormatSource, given: readonly string[] = []): Promise<ClassTable> {
  const classes = new Map<string, { points: Map<string, number>; stated?: Skeleton }>()
  const see = (name: string, points: Iterable<string> = []) => {
    let entry = classes.get(name)
    if (!entry) classes.set(name, (entry = { points: new Map() }))
    for (const point of points) if (!entry.points.has(point)) entry.points.set(point, entry.points.size)
  }
  for (const name of given) see(name)
  const file = source.files.find(({ path }) => baseName(path) === labelFile)
  if (file) {
    for (const { name, skeleton } of await readOwn(source, file.path)) {
      see(name, skeleton?.names)
      if (skeleton && !skeletonFault(skeleton)) classes.get(name)!.stated = skeleton
    }
  }
  return {
    see,
    places: (name) => classes.get(name)?.points ?? new Map(),
    labels: () =>
      [...classes].map(([name, { points, stated }]) => {
        if (points.size === 0) return { key: name, name }
        const names = [...points.keys()]
        if (stated?.names.length === names.length) return { key: name, name, skeleton: stated }
        const flip = flipByName(names)
        const isPaired = flip.some((to, from) => to !== from)
        return { key: name, name, skeleton: { names, edges: stated?.edges ?? [], flip: isPaired ? flip : [], sigmas: [] } } // prettier-ignore
      }),
  }
}

async function readOwn(source: FormatSource, path: string): Promise<z.infer<typeof schema>['labels']> {
  try {
    return schema.parse(JSON.parse(decodeText(await source.read(path)))).labels
  } catch {
    // Somebody changed it: classes then come from the annotations, as in a data set without it.
    return []
  }
}
