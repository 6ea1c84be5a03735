export default {
  group: '预测',
  predict: '对此图像进行预测',
  accept: '接受所选预测',
  reject: '拒绝所选预测',
  acceptAll: '接受分数不低于 .5 的全部预测',
}
