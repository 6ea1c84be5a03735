export default {
  background: '背景',
  truth: '真实类别',
  predicted: '预测类别',
  cell: '{count} 个预测为{predicted}，实际为{truth}（占{truth}的 {share}）',
  confusion: '{count} 个类别加背景的混淆矩阵',
}
