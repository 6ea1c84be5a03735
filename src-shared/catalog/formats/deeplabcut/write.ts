/** Writes labeled-data/<folder>/CollectedData_<scorer>.csv with the images beside it, and config.yaml with the skeleton. */
import { stringify } from 'yaml'
import { printCell } from '../../../base/read-csv'
import type { Dataset, DatasetAnnotation, DatasetLabel } from '../../../domain/dataset'
import type { FormatSink, OpenFile } from '../../format'
import { baseName, folderOf } from '../common/paths'
import { defaultTask } from './config'
import type { DeepLabCutExtra } from './read'

const blockLength = 1 << 16

interface Animal {
  /** As the header names it; null: the only one, without a row of individuals. */
  name: string | null
  /** What its poses are called: differs from the name where two classes have an individual of one name. */
  wanted: string | null
  label: DatasetLabel
  points: string[]
}

export async function writeDeepLabCut(
  dataset: Dataset,
  sink: FormatSink,
  { index }: { index: 'auto' | 'path' | 'columns' },
): Promise<void> {
  const kept = (dataset.extra?.deeplabcut ?? {}) as DeepLabCutExtra
  const scorer = kept.scorer || 'tagwright'
  const asPath = (index === 'auto' ? (kept.index ?? 'columns') : index) === 'path'
  const plan = await planAnimals(dataset)
  const file = (folder: string) => `labeled-data/${folder}/CollectedData_${scorer.replaceAll(/[\\/:*?"<>|]/g, '_')}.csv`
  const header = printHeader(plan, scorer, asPath ? 1 : 3)
  const open = new Map<string, { out: OpenFile; text: string }>()
  const folders = folderNames()
  let hasSplits = false
  for await (const { sample, annotations } of dataset.items()) {
    const folder = folders(sample.path)
    const path = file(folder)
    const name = baseName(sample.path)
    await sink.image(sample, `labeled-data/${folder}/${name}`)
    const poses = new Map<Animal, DatasetAnnotation>()
    const names = individualNames(annotations, plan.isSingle)
    annotations.forEach((annotation, i) => {
      const { shape } = annotation
      if (shape.kind !== 'keypoints' || shape.keypoints.every(([, , v]) => v === 0)) {
        const what = shape.kind === 'keypoints' ? 'A pose without points' : `A ${shape.kind}`
        const message = `${what} on ${sample.path} has no place in a DeepLabCut file and is not written. Export as COCO to keep it.`
        return sink.report({ level: 'skipped', code: 'unsupported-shape', message, file: path })
      }
      const report = (code: string, message: string) => sink.report({ level: 'warning', code, message, file: path })
      if (shape.box) report('box-dropped', `The box of a pose on ${sample.path} has no place in a DeepLabCut file and is not written. Export as COCO to keep it.`) // prettier-ignore
      const hidden = shape.keypoints.filter(([, , v]) => v === 1).length
      if (hidden > 0) report('hidden-as-visible', `${hidden} hidden points on ${sample.path} are written like visible ones: a DeepLabCut file does not tell them apart.`) // prettier-ignore
      poses.set(plan.animals.find((animal) => animal.label.key === annotation.label && animal.wanted === names[i])!, annotation) // prettier-ignore
    })
    if (sample.split && !hasSplits) sink.report({ level: 'warning', code: 'no-split', message: 'Splits have no place in a DeepLabCut file and are not written: DeepLabCut draws them when it makes its training set.', file: path }) // prettier-ignore
    hasSplits ||= sample.split !== undefined
    if (!poses.size) continue
    let entry = open.get(folder)
    if (!entry) open.set(folder, (entry = { out: await sink.open(path), text: header }))
    const image = ['labeled-data', folder, name]
    const cells = [...(asPath ? [image.join('/')] : image)]
    for (const animal of plan.animals) cells.push(...printPose(poses.get(animal), animal, plan.likelihood))
    entry.text += `${cells.map(printCell).join(',')}\n`
    if (entry.text.length > blockLength) {
      await entry.out.write(entry.text)
      entry.text = ''
    }
  }
  for (const { out, text } of open.values()) {
    if (text) await out.write(text)
    await out.close()
  }
  await sink.write('config.yaml', printConfig(dataset, plan, scorer, kept.config ?? {}))
}

interface Plan {
  animals: Animal[]
  isSingle: boolean
  likelihood: boolean
}

/** One animal an image at most, and none with a name: the form without individuals. */
async function planAnimals(dataset: Dataset): Promise<Plan> {
  const labels = new Map(dataset.labels.map((label) => [label.key, label]))
  const lengths = new Map<string, number>()
  let [isSingle, likelihood] = [true, false]
  let onlyLabel: string | null = null
  const poses = (annotations: readonly DatasetAnnotation[]) => annotations.filter(({ shape }) => shape.kind === 'keypoints') // prettier-ignore
  for await (const { annotations } of dataset.items()) {
    const found = poses(annotations)
    if (found.length > 1) isSingle = false
    for (const { label, shape, extra } of found) {
      onlyLabel ??= label
      if (label !== onlyLabel || attributeOf(extra) !== null) isSingle = false
      if ((extra?.deeplabcut as { likelihood?: unknown } | undefined)?.likelihood) likelihood = true
      if (shape.kind === 'keypoints') lengths.set(label, Math.max(lengths.get(label) ?? 0, shape.keypoints.length))
    }
  }
  const pointsOf = (key: string): string[] => {
    const names = labels.get(key)?.skeleton?.names ?? []
    return Array.from({ length: Math.max(names.length, lengths.get(key) ?? 0) }, (_, i) => names[i] ?? `point ${i + 1}`)
  }
  const animals = new Map<string, Animal>()
  const add = (key: string, name: string | null) => {
    const id = `${name}\n${key}`
    if (animals.has(id)) return
    const label = labels.get(key)!
    const isTaken = [...animals.values()].some((animal) => animal.name === name)
    animals.set(id, { name: isTaken ? `${name} ${label.name}` : name, wanted: name, label, points: pointsOf(key) })
  }
  if (isSingle) {
    if (onlyLabel !== null) add(onlyLabel, null)
  } else {
    for await (const { annotations } of dataset.items()) {
      const names = individualNames(annotations, false)
      annotations.forEach(({ label, shape }, i) => shape.kind === 'keypoints' && add(label, names[i]))
    }
  }
  return { animals: [...animals.values()], isSingle, likelihood }
}

const attributeOf = (extra: Record<string, unknown> | undefined): string | null => {
  const value = (extra?.attributes as Record<string, unknown> | undefined)?.individual
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null
}

/** Of each pose of an image: its attribute `individual` where that is free, else the next number. */
function individualNames(annotations: readonly DatasetAnnotation[], isSingle: boolean): (string | null)[] {
  const wanted = annotations.map(({ shape, extra }) => (shape.kind === 'keypoints' && !isSingle ? attributeOf(extra) : null)) // prettier-ignore
  const taken = new Set<string>()
  const first = wanted.map((name) => (name !== null && !taken.has(name) && taken.add(name) ? name : null))
  let n = 0
  return annotations.map(({ shape }, i) => {
    if (shape.kind !== 'keypoints' || isSingle || first[i] !== null) return first[i]
    do n++
    while (taken.has(`individual${n}`))
    return `individual${n}`
  })
}

function printHeader({ animals, isSingle, likelihood }: Plan, scorer: string, indexColumns: number): string {
  const axes = likelihood ? ['x', 'y', 'likelihood'] : ['x', 'y']
  const row = (title: string, cell: (animal: Animal, point: string, axis: string) => string) =>
    [
      title,
      ...Array.from({ length: indexColumns - 1 }, () => ''),
      ...animals.flatMap((animal) => animal.points.flatMap((point) => axes.map((axis) => cell(animal, point, axis)))),
    ]
      .map(printCell)
      .join(',') + '\n'
  return (
    row('scorer', () => scorer) +
    (isSingle ? '' : row('individuals', ({ name }) => name ?? '')) +
    row('bodyparts', (_, point) => point) +
    row('coords', (_a, _p, axis) => axis)
  )
}

function printPose(annotation: DatasetAnnotation | undefined, { points }: Animal, likelihood: boolean): string[] {
  const keypoints = annotation?.shape.kind === 'keypoints' ? annotation.shape.keypoints : []
  const scores = (annotation?.extra?.deeplabcut as { likelihood?: (number | null)[] } | undefined)?.likelihood
  return points.flatMap((_, i) => {
    const [x, y, v] = keypoints[i] ?? [0, 0, 0]
    const score = scores?.[i]
    return [...(v > 0 ? [String(x), String(y)] : ['', '']), ...(likelihood ? [score == null ? '' : String(score)] : [])]
  })
}

/** The name of the folder that holds an image, made unique where two folders share theirs. */
function folderNames(): (path: string) => string {
  const byFolder = new Map<string, string>()
  const taken = new Set<string>()
  return (path) => {
    const folder = folderOf(path)
    const known = byFolder.get(folder)
    if (known !== undefined) return known
    const base = baseName(folder) || 'images'
    let name = base
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${base}-${n}`
    taken.add(name.toLowerCase())
    byFolder.set(folder, name)
    return name
  }
}

function printConfig(
  { labels }: Dataset,
  { animals, isSingle }: Plan,
  scorer: string,
  kept: Record<string, unknown>,
): string {
  const skeletons = labels.filter((label) => label.skeleton)
  const edges = new Map<string, [string, string]>()
  for (const { skeleton } of skeletons)
    for (const [a, b] of skeleton!.edges)
      edges.set(`${skeleton!.names[a]}\n${skeleton!.names[b]}`, [skeleton!.names[a], skeleton!.names[b]])
  const parts = [...new Set(animals.filter((animal) => animal.name !== 'single').flatMap((animal) => animal.points))]
  const unique = animals.find((animal) => animal.name === 'single')?.points ?? []
  return stringify(
    {
      Task: defaultTask,
      ...kept,
      scorer,
      multianimalproject: !isSingle,
      ...(isSingle
        ? { bodyparts: parts }
        : {
            individuals: [...new Set(animals.map((animal) => animal.name))].filter((name) => name !== 'single'),
            uniquebodyparts: unique,
            multianimalbodyparts: parts,
            bodyparts: 'MULTI!',
          }),
      skeleton: [...edges.values()],
      // What DeepLabCut has no place for; it ignores the key.
      tagwright: {
        labels: labels.map(({ name, skeleton }) => ({
          name,
          ...(skeleton ? { points: skeleton.names, flip: skeleton.flip, sigmas: skeleton.sigmas } : {}),
        })),
        individuals: Object.fromEntries(animals.map(({ name, label }) => [name ?? '', label.name])),
      },
    },
    { lineWidth: 0 },
  )
}
