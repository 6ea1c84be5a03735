/** Names of the kinds of jobs. */
export default {
  import: 'Import',
  'export-data': 'Export of data',
  train: 'Training',
  evaluate: 'Evaluation',
  predict: 'Prediction',
  export: 'Model export',
  relink: 'Relinking',
  thumbnails: 'Thumbnails',
  sample: 'Sample project',
}
