/**
 * A DeepLabCut project's config.yaml: the skeleton's edges stand there, not in the CSV. Key names: DeepLabCut's documentation,
 * "What is in the config.yaml". The block `tagwright` is ours and holds what the format has no place for.
 */
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { decodeText } from '../../../base/text'
import type { DatasetIssue } from '../../../domain/dataset'
import type { FormatSource } from '../../format'
import { baseName, folderOf, joinPath } from '../common/paths'

const ownSchema = z.object({
  labels: z.array(
    z.object({
      name: z.string(),
      points: z.array(z.string()).optional(),
      flip: z.array(z.int()).default([]),
      sigmas: z.array(z.number()).default([]),
    }),
  ),
  /** Class by individual; the empty name is the only animal of a file without individuals. */
  individuals: z.record(z.string(), z.string()).default({}),
})
export type OwnBlock = z.infer<typeof ownSchema>

export interface DeepLabCutConfig {
  /** Pairs of point names. */
  skeleton: [string, string][]
  own: OwnBlock | null
  /** Every other key, written back as it was. */
  rest: Record<string, unknown>
}

/** Keys that are made anew when a data set is written. */
const derived = new Set(['scorer', 'multianimalproject', 'individuals', 'uniquebodyparts', 'multianimalbodyparts', 'bodyparts', 'skeleton', 'tagwright']) // prettier-ignore
export const defaultTask = 'tagwright'

/** The one above the labelled data, else the topmost; null: none. */
export async function readConfig(
  source: FormatSource,
  csv: string,
  issues: DatasetIssue[],
): Promise<DeepLabCutConfig | null> {
  const files = source.files.map((file) => file.path).filter((path) => /^config\.ya?ml$/i.test(baseName(path)))
  const beside = joinPath(folderOf(csv), '..', '..', 'config.yaml')
  const file = files.find((path) => path === beside) ?? files.sort((a, b) => a.length - b.length)[0]
  if (file === undefined) return null
  const warn = (message: string) =>
    issues.push({ level: 'warning', code: 'bad-config', message: `${message} The skeleton has no edges.`, file })
  let data: unknown
  try {
    data = parseYaml(decodeText(await source.read(file)), { maxAliasCount: 100 })
  } catch (error) {
    warn(`The file is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
    return null
  }
  if (!data || typeof data !== 'object' || !('bodyparts' in data)) return null
  const { skeleton, tagwright, ...others } = data as Record<string, unknown>
  const rest = Object.fromEntries(Object.entries(others).filter(([key]) => !derived.has(key)))
  if (rest.Task === defaultTask) delete rest.Task
  return {
    skeleton: (Array.isArray(skeleton) ? skeleton : []).filter(
      (pair): pair is [string, string] => Array.isArray(pair) && pair.length === 2,
    ),
    own: ownSchema.safeParse(tagwright).data ?? null,
    rest,
  }
}
