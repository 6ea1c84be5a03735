/**
 * The words of the history. A step stores its reason as an English sentence; this list takes the sentence apart again,
 * so that a window can say it in another language. Keys never change; a reason that is not listed is shown as it is.
 */
export const reasons = {
  drawBox: 'Draw box',
  drawRotatedBox: 'Draw rotated box',
  drawPolygon: 'Draw polygon',
  drawMask: 'Draw mask',
  drawKeypoints: 'Draw keypoints',
  drawPoint: 'Draw point',
  addTag: 'Add tag',
  move: 'Move',
  resize: 'Resize',
  rotate: 'Rotate',
  nudge: 'Nudge',
  resizeByKeys: 'Resize by keys',
  editPolygon: 'Edit polygon',
  editMask: 'Edit mask',
  moveKeypoint: 'Move keypoint',
  changeVisibility: 'Change keypoint visibility',
  mirror: 'Mirror',
  duplicate: 'Duplicate',
  paste: 'Paste',
  delete: 'Delete',
  changeLabel: 'Change label',
  changeFlags: 'Change flags',
  changeAttributes: 'Change attributes',
  editCoordinates: 'Edit coordinates',
  reorder: 'Reorder',
  lock: 'Lock',
  hide: 'Hide',
  acceptPredictions: 'Accept predictions',
  acceptPrediction: 'Accept prediction',
  acceptCount: 'Accept {count} predictions',
  acceptAbove: 'Accept {count} predictions from {score}',
  correctPrediction: 'Correct prediction',
  acceptItem: 'Accept: {item}',
  keepLabels: 'Keep labels: {item}',
  clearSplit: 'Clear split',
  setSplit: 'Set split to {split}',
  assignSplits: 'Assign splits',
  markReviewed: 'Mark as reviewed',
  markNotReviewed: 'Mark as not reviewed',
  tagWith: 'Tag with {tags}',
  removeTag: 'Remove tag {tags}',
  renameTag: 'Rename tag "{from}" to "{to}"',
  removeImage: 'Remove image',
  removeImages: 'Remove {count} images',
  relinkImages: 'Relink {count} images',
  relinkImage: 'Relink 1 image',
  addLabel: 'Add label {names}',
  renameLabel: 'Rename label "{from}" to "{to}"',
  recolorLabel: 'Recolor label "{name}"',
  resetColors: 'Reset label colors',
  setHotkey: 'Set key of label "{name}"',
  reorderLabels: 'Reorder labels',
  mergeLabel: 'Merge label {from} into "{to}"',
  splitLabel: 'Split label "{from}" into "{to}"',
  deleteLabel: 'Delete label "{name}"',
  readClassFile: 'Read class file',
  addSkeleton: 'Add skeleton of "{name}"',
  editSkeleton: 'Edit skeleton of "{name}"',
  removeSkeleton: 'Remove skeleton of "{name}"',
  addAttribute: 'Add attribute "{name}"',
  changeAttribute: 'Change attribute "{name}"',
  renameAttribute: 'Rename attribute "{from}" to "{to}"',
  removeAttribute: 'Remove attribute "{name}"',
  reorderAttributes: 'Reorder attributes',
  renameProject: 'Rename project to "{name}"',
  removeImport: 'Remove import of {source}',
  fixFindings: 'Fix findings',
  fix: 'Fix {code}',
} as const
export type ReasonKey = keyof typeof reasons

export interface ParsedReason {
  /** null: not one of the list. */
  key: ReasonKey | null
  /** What stood in the places of the braces. */
  values: Record<string, string>
}

const plain = new Map<string, ReasonKey>()
const patterns: { key: ReasonKey; pattern: RegExp; names: string[] }[] = []
for (const [key, text] of Object.entries(reasons) as [ReasonKey, string][]) {
  const names = [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
  if (names.length === 0) plain.set(text, key)
  else {
    const source = text.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '(.+)')
    patterns.push({ key, pattern: new RegExp(`^${source}$`, 's'), names })
  }
}
// The longer template is the more exact one: "Accept 3 predictions from 0.5" is not "3 predictions from 0.5 predictions".
patterns.sort((a, b) => reasons[b.key].length - reasons[a.key].length)

export function parseReason(reason: string): ParsedReason {
  const known = plain.get(reason)
  if (known) return { key: known, values: {} }
  for (const { key, pattern, names } of patterns) {
    const match = pattern.exec(reason)
    if (match) return { key, values: Object.fromEntries(names.map((name, i) => [name, match[i + 1]])) }
  }
  return { key: null, values: {} }
}
