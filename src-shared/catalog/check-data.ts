/** Whether there is anything to learn from: asked before a run is made, and again of the data that was frozen for it. */
import { TagwrightError } from '../base/errors'
import type { TaskDef } from './tasks/define'

export interface TrainingData {
  /** Classes of the project. */
  labels: number
  /** Splits that are learned from. */
  splits: readonly string[]
  /** Usable images in them. */
  images: number
  /** Of those, with what the task learns: an object, a class. Where nothing is labelled: all. */
  taught: number
  /** Of the largest skeleton; 0: no label has one. */
  points: number
  /** Of those, with annotations of the other kind: classes where objects are learned, objects where classes are. */
  others: number
}

/** @throws `no-labels`, `no-samples`, `no-skeleton`, `no-annotations` */
export function checkData(task: TaskDef, { labels, splits, images, taught, points, others }: TrainingData): void {
  const isLabelled = task.truth !== 'image'
  if (isLabelled && labels === 0) throw new TagwrightError('no-labels', `The project has no labels. ${task.advice}`)
  if (images === 0)
    throw new TagwrightError(
      'no-samples',
      `No usable image is in the split ${splits.join(', ')}. Divide the images (tagwright split <project> --all), or choose others with --train-splits.`,
    )
  if (task.points && points === 0)
    throw new TagwrightError(
      'no-skeleton',
      'No label has a skeleton, so there are no points to learn. Give a label its points in the view Labels, or import poses.',
    )
  if (taught > 0) return
  const [wanted, learned, other] =
    task.truth === 'class' ? ['a class', 'objects', 'detect'] : ['an annotation', 'classes of whole images', 'classify']
  const advice = others
    ? `${others} of them have ${learned}, which a project of another task learns: tagwright init <folder> --task ${other}`
    : task.advice
  throw new TagwrightError('no-annotations', `None of the ${images} training images has ${wanted}. ${advice}`)
}
