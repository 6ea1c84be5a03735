export default {
  'no-labels': { message: '项目中没有类别。', advice: '请标注一些目标，或导入标注。' },
  undivided: {
    message: '{images} 张图像尚未划分。',
    advice: '开始训练时会自动划分：80 % 用于学习，10 % 用于选择最佳权重，10 % 留到最后测试。',
  },
  'no-train': { message: '“{splits}”中没有可用的图像。', advice: '请划分图像，或用另一部分训练。' },
  'no-train-files': {
    message: '“{splits}”中没有可用的图像：{missing} 张缺失或无法读取。',
    advice: '请重新链接或恢复这些文件。',
  },
  'few-images': {
    message: '只有 {images} 张图像用于学习。',
    advice: '请再标注一些，至少 {least} 张；从其他运行或文件的权重开始；让第一个模型标注其余图像。',
  },
  'few-clean-images': { message: '只有 {images} 张图像用于学习。', advice: '请再导入一些，至少 {least} 张。' },
  'eval-is-train': {
    message: '“{split}”既用于学习又用于评估。',
    advice: '请换一部分来评估：在学过的图像上得分没有意义。',
  },
  'no-eval': {
    message: '“{split}”中没有可用的图像。',
    advice: '请分给它十分之一的图像：否则无法选出最佳权重。',
  },
  'no-eval-files': {
    message: '“{split}”中没有可用的图像：{missing} 张缺失或无法读取。',
    advice: '请重新链接或恢复这些文件。',
  },
  'few-eval': {
    message: '只有 {images} 张图像用于评估；得分会在各轮之间跳动。',
    advice: '请给“{split}”至少 {least} 张图像。',
  },
  unassigned: { message: '{images} 张图像未划分，不参与训练。', advice: '请划分这些图像。' },
  'empty-class': {
    message: '{labels}：没有可供学习的目标。',
    advice: '请标注一些，把含有它们的图像移到训练集，或删除该类别。',
  },
  'few-objects': {
    message: '{labels}：可供学习的目标少于 {least} 个。',
    advice: '请多标注一些，或并入相近的类别。',
  },
  'few-eval-objects': {
    message: '{labels}：“{split}”中的目标少于 {least} 个；得分全凭运气。',
    advice: '请重新划分图像，或在“{split}”中多标注一些。',
  },
  imbalance: {
    message: '{labels}：比最常见的类别（{largest} 个目标）少 {times} 倍以上。',
    advice: '请多标注这些类别；含有它们的图像最有帮助。',
  },
  'missing-images': {
    message: '{images} 个图像文件缺失或无法读取；它们不参与训练。',
    advice: '请重新链接或恢复这些文件。',
  },
  unlabelled: {
    message: '{images} 张训练图像没有标注也未审核；其中的目标会被当作背景学习。',
    advice: '请标注它们；若确实为空请标为已审核；或移出训练集。',
  },
  'several-classes': {
    message: '{images} 张图像有多个类别。分类器只学习每张图像最先给出的那个；其余会被判为错误。',
    advice: '请每张只留一个类别，或为这种组合新建一个类别。',
  },
  'no-class': { message: '{images} 张训练图像没有类别，不参与训练。', advice: '请给出类别，或移出训练集。' },
  leakage: {
    message: '{images} 个内容相同的图像文件分在不同部分；其上的得分会偏高。',
    advice: '请让内容相同的图像只留在一个部分。',
  },
  duplicates: {
    message: '{images} 个图像文件与同一部分中的另一个内容相同。',
    advice: '请移除重复的图像；它们会被学习两次。',
  },
  'near-leakage': {
    message: '{pairs} 对几乎相同的图像分在不同部分；其上的得分会偏高。',
    advice: '请把同一场景或同一视频的图像放在同一部分。',
  },
}
