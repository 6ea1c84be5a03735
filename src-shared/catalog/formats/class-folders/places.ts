/** Class and split of every image from the folders it lies in. */
import type { Split } from '../../../domain/split'
import { folderOf, splitOfName } from '../common/paths'

export interface Place {
  path: string
  /** Null: the image lies beside the folders that are classes. */
  label: string | null
  split?: Split
}

/**
 * Folders around everything (`data set/images/`) are no part of a class. Splits are folders above the classes
 * (`train/oak/1.jpg`) or below (`oak/train/1.jpg`); a folder with the name of a split that no classes lie in is a class
 * of that name, unless its siblings are splits: then its images are those to predict (`test/1.jpg`).
 */
export function placesOf(paths: readonly string[]): Place[] {
  const rows = paths.map((path) => ({ path, folders: folderOf(path).split('/').filter(Boolean) }))
  const deep = rows.filter(({ folders }) => folders.length > 0)
  const around = sharedFolders(deep.map(({ folders }) => folders))
  const inside = rows.map((row) => ({ ...row, folders: row.folders.slice(around) }))
  const above = inside.filter(({ folders }) => folders.length > 1 && splitOfName(folders[0]))
  const places =
    above.length * 2 > inside.filter(({ folders }) => folders.length > 1).length
      ? inside.map(({ path, folders }) => belowSplit(path, folders))
      : inside.every(({ folders }) => folders.length > 1 && splitOfName(folders.at(-1)!))
        ? inside.map(({ path, folders }) => place(path, folders.slice(0, -1), splitOfName(folders.at(-1)!)))
        : inside.map(({ path, folders }) => place(path, folders))
  return withoutShared(places)
}

function belowSplit(path: string, folders: readonly string[]) {
  const split = folders.length > 0 ? splitOfName(folders[0]) : undefined
  if (!split) return place(path, [])
  // Archives like to hold a folder of their own name: seg_train/seg_train/forest.
  const again = folders.findIndex((name) => splitOfName(name) !== split)
  return place(path, again < 0 ? [] : folders.slice(again), split)
}

interface Folders {
  path: string
  folders: readonly string[]
  split?: Split
}

const place = (path: string, folders: readonly string[], split?: Split): Folders => ({
  path,
  folders,
  ...(split ? { split } : {}),
})

/** What lies around all classes (`train/images/oak`) is no part of their names. */
function withoutShared(places: readonly Folders[]): Place[] {
  const around = sharedFolders(places.map(({ folders }) => folders).filter((folders) => folders.length > 0))
  return places.map(({ folders, ...rest }) => {
    const label = folders.slice(around).join('/').normalize('NFC')
    return { ...rest, label: label === '' ? null : label }
  })
}

/** How many folders all have in common from the first on, the last one not counted; a split ends them. */
function sharedFolders(all: readonly (readonly string[])[]): number {
  if (all.length === 0) return 0
  let count = 0
  for (const [at, name] of all[0].slice(0, -1).entries()) {
    if (splitOfName(name) || !all.every((folders) => folders.length > at + 1 && folders[at] === name)) break
    count = at + 1
  }
  return count
}
