export default {
  title: '历史记录',
  empty: '还没有可撤销的操作',
  emptyText: '每次更改都列在这里，跨图像、重启后依然保留。点击即可回到该步骤。',
  rows: '{count} 行',
  undone: '已撤销',
  goBack: '回到此步骤之后的状态',
  goForth: '重做到此步骤',
  more: '显示更早的步骤',
  changedSince: '其中一些行之后已被导入或任务更改。',
  skip: '保留这些行不变',
}
