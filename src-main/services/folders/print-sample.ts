/** The rows of one sample as the text of its annotation file. */
import type { MirrorFormat } from '@shared/contract/folders'
import type { DatasetIssue, DatasetItem } from '@shared/domain/dataset'
import { probeImage } from '../../media/probe-image'
import { listAnnotations } from '../../store/annotation'
import { sampleExtra, type FolderSample } from '../../store/folder-mode'
import { listLabels } from '../../store/label'
import { getSample } from '../../store/sample'
import type { Store } from '../../store/store'
import { printAnnotationFile } from './annotation-file'

/** @param classes for YOLO: names in the order of the list beside the file. `isEmpty`: there is nothing to say. */
export async function printSample(
  store: Store,
  { id, file }: FolderSample,
  format: MirrorFormat,
  classes: readonly string[],
  report: (issue: Omit<DatasetIssue, 'file'>) => void,
): Promise<{ text: string; isEmpty: boolean }> {
  const sample = getSample(store.db, id)
  let { width, height } = sample
  if (width === null || height === null) {
    const probe = await probeImage(file, { decode: false })
    width = probe.width ?? null
    height = probe.height ?? null
  }
  const names = new Map(listLabels(store.db).map((label) => [label.id, label.name]))
  const annotations = listAnnotations(store.db, id)
  const extra = sampleExtra(store.db, id)
  const item: DatasetItem = {
    sample: {
      key: String(id),
      path: sample.path,
      ...(width && height ? { width, height } : {}),
      reviewed: sample.reviewed,
      ...(extra ? { extra } : {}),
    },
    annotations: annotations.map((annotation) => ({
      sample: String(id),
      label: names.get(annotation.labelId) ?? '',
      shape: annotation.shape,
      flags: annotation.flags,
      ...(annotation.extra ? { extra: annotation.extra } : {}),
    })),
  }
  const text = await printAnnotationFile(item, format, file, classes, report)
  return { text, isEmpty: annotations.length === 0 && !sample.reviewed }
}
