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
  /** Of those, with a class of the whole image, and with objects. */
  tagged: number
  marked: number
  /** Of the largest skeleton; 0: no label has one. */
  points: number
}

/** @throws `no-labels`, `no-samples`, `no-skeleton`, `no-annotations` */
export function checkData(task: TaskDef, { labels, splits, images, tagged, marked, points }: TrainingData): void {
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
  if (!isLabelled) return
  const [taught, others, wanted, learned, other] =
    task.truth === 'class'
      ? [tagged, marked, 'a class', 'objects', 'detect']
      : [marked, tagged, 'an annotation', 'classes of whole images', 'classify']
  if (taught > 0) return
  const advice = others
    ? `${others} of them have ${learned}, which a project of another task learns: tagwright init <folder> --task ${other}`
    : task.advice
  throw new TagwrightError('no-annotations', `None of the ${images} training images has ${wanted}. ${advice}`)
}
