/** ImageSets/Main: which image names are train, val and test. */
import { decodeText } from '../../../base/text'
import type { DatasetIssue } from '../../../domain/dataset'
import type { Split } from '../../../domain/split'
import type { FormatSource } from '../../format'
import { baseName, folderOf } from '../common/paths'

export interface ImageSets {
  /** Folders that hold an `ImageSets`, longest path first. */
  readonly roots: readonly string[]
  /** The split of a name under the nearest root above `path`. */
  splitOf(path: string, name: string): Split | undefined
  /** Names the lists hold for which `splitOf` was never asked. */
  unused(): { file: string; names: string[] }[]
  issues: DatasetIssue[]
}

/** train, val and test lists; a trainval list counts as train only where there is neither a train nor a val list. */
export async function readImageSets(source: FormatSource): Promise<ImageSets> {
  const lists = source.files.filter((file) => /(^|\/)ImageSets\/Main\/(train|val|trainval|test)\.txt$/.test(file.path))
  const sets = new Map<string, Map<string, { split: Split; file: string; asked: boolean }>>()
  const issues: DatasetIssue[] = []
  const rank = { train: 0, val: 1, test: 2, trainval: 3 }
  const listName = (path: string) => baseName(path).slice(0, -4) as keyof typeof rank
  for (const { path } of [...lists].sort((a, b) => rank[listName(a.path)] - rank[listName(b.path)])) {
    const root = folderOf(folderOf(folderOf(path)))
    const set = sets.get(root) ?? new Map<string, { split: Split; file: string; asked: boolean }>()
    sets.set(root, set)
    const name = listName(path)
    const split: Split = name === 'trainval' ? 'train' : name
    const hasParts = lists.some(
      (other) => folderOf(other.path) === folderOf(path) && /\/(train|val)\.txt$/.test(other.path),
    )
    if (name === 'trainval' && hasParts) continue
    decodeText(await source.read(path))
      .split('\n')
      .forEach((row, index) => {
        const image = row.trim().replace(/\.(jpe?g|png|bmp)$/i, '')
        if (!image) return
        const known = set.get(image)
        if (!known) set.set(image, { split, file: path, asked: false })
        else if (known.split !== split) {
          issues.push({
            level: 'warning',
            code: 'two-splits',
            message: `"${image}" is also listed in ${baseName(known.file)}; it stays in ${known.split}.`,
            file: path,
            line: index + 1,
          })
        }
      })
  }
  const roots = [...sets.keys()].sort((a, b) => b.length - a.length)
  return {
    roots,
    issues,
    splitOf(path, name) {
      const root = roots.find((root) => root === '' || path.startsWith(`${root}/`))
      const entry = root === undefined ? undefined : sets.get(root)!.get(name)
      if (entry) entry.asked = true
      return entry?.split
    },
    unused() {
      const byFile = new Map<string, string[]>()
      for (const set of sets.values()) {
        for (const [name, { file, asked }] of set) {
          if (!asked) byFile.set(file, [...(byFile.get(file) ?? []), name])
        }
      }
      return [...byFile].map(([file, names]) => ({ file, names }))
    },
  }
}
