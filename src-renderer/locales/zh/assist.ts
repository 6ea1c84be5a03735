export default {
  title: '边标注边训练',
  help: '模型在后台从标注中学习，并预先标出接下来的图像。Enter 接受一个标出的框，Shift+Enter 接受所有有把握的框。',
  every: '每多少个新标注学习一次',
  start: '开始',
  stop: '停止',
  starting: '正在打开模型…',
  learning: '正在从标注中学习…',
  fresh: '新标注 {fresh} / {every}。',
  base: '起点：{name}。',
  last: '最近一次学习：{time}，用时 {seconds}，{images} 张图像；损失 {loss}。',
  ready: '模型已用 {time} 从 {images} 张图像中学习；接下来的图像会带有它的框。',
}
