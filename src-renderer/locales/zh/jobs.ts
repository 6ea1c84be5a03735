/** Names of the kinds of jobs. */
export default {
  import: '导入',
  'export-data': '导出数据',
  train: '训练',
  evaluate: '评估',
  predict: '预测',
  export: '导出模型',
  relink: '重新链接',
  thumbnails: '缩略图',
  sample: '示例项目',
}
