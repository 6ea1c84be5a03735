export default {
  use: 'Look in slices, too',
  help: 'Cuts each image into overlapping squares, so that small objects are found. It takes longer.',
  helpSide:
    'Half of the objects are smaller than {side} px. Squares of {size} px make them large enough for this model.',
  size: 'Side of a square',
  auto: 'Suggested: {size} px',
  overlap: 'Overlap',
  merge: 'Joining',
  merges: {
    'greedy-nmm': 'Merge with the best box (greedy NMM)',
    nmm: 'Merge chains of boxes (NMM)',
    nms: 'Keep the best box (NMS)',
  },
  metric: 'One object from',
  metrics: { ios: 'IoS: over the smaller box', iou: 'IoU: over both boxes' },
  threshold: 'Threshold',
  whole: 'The whole image as well',
  train: 'Learn from slices',
  off: 'Whole images only',
}
