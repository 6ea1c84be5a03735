/** Files that were exported from a run, with an address to save each. */
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import type { z } from 'zod'
import type { resultsContract } from '@shared/contract/results'
import { exportReportSchema } from '@shared/contract/worker'
import { serveFile } from '../media/served-files'
import { listArtifacts } from '../store/artifact'
import type { Store } from '../store/store'

type Exports = z.input<(typeof resultsContract)['methods']['exports']['output']>

/** Newest first; of several exports to one path the newest stands for all. */
export function listExports(store: Store, run: string): Exports {
  const kinds = {
    onnx: { kind: 'onnx', mime: 'application/octet-stream' },
    bundle: { kind: 'zip', mime: 'application/zip' },
  } as const
  const seen = new Set<string>()
  const exports: Exports['exports'] = []
  for (const { id, kind: made, file, bytes, meta, createdAt } of listArtifacts(store.db, run).reverse()) {
    if (!(made === 'onnx' || made === 'bundle') || seen.has(file)) continue
    seen.add(file)
    const { kind, mime } = kinds[made]
    const download = existsSync(file) ? serveFile({ path: file, mime, name: basename(file) }) : null
    const report = exportReportSchema.safeParse(meta).data ?? null
    exports.push({ id, kind, file, bytes: download?.bytes ?? bytes ?? 0, createdAt, download, report })
  }
  return { exports }
}
