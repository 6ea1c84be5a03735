/** Two evaluations side by side: numbers, recipes, and images on which one does better. Differences are b - a. */
import type { Comparison, EvaluationSummary } from '@shared/contract/results'
import type { Evaluation } from '@shared/contract/evaluation'
import { diffRecipes } from '@shared/domain/diff-recipes'
import type { ErrorCounts } from '@shared/evaluation/image-errors'
import { imageCounts } from '@shared/evaluation/label-counts'
import type { ObjectSet } from '@shared/evaluation/object-set'
import { tideErrors } from '@shared/evaluation/tide'
import type { EvaluationRow } from '../store/evaluation'
import { getRun } from '../store/run'
import type { Store } from '../store/store'
import type { OpenEvaluation } from '../store/open-evaluation'

export function compareEvaluations(
  store: Store,
  a: OpenEvaluation,
  b: OpenEvaluation,
  summary: (row: EvaluationRow) => EvaluationSummary,
): Comparison {
  const [one, two] = [summary(a.row), summary(b.row)]
  const recipeOf = ({ row }: OpenEvaluation) => (row.run === null ? null : getRun(store.db, row.run).recipe)
  const [recipeA, recipeB] = [recipeOf(a), recipeOf(b)]
  const [tideA, tideB] = [a.analysis()?.tide, b.analysis()?.tide]
  const hasObjects = a.row.detailed && b.row.detailed
  const images = { wins: 0, ties: 0, losses: 0 }
  if (hasObjects) for (const { which } of compareImages(a, b)) images[which]++
  return {
    a: one,
    b: two,
    sameData: hasObjects && sameTruth(a.objects().set, b.objects().set),
    coco: Object.keys(one.coco)
      .filter((name) => name in two.coco)
      .map((name) => ({ name, ...pair(defined(one.coco[name]), defined(two.coco[name])) })),
    perClass: comparePerClass(a.result(), b.result()),
    tide:
      tideA && tideB
        ? tideErrors.map((type) => ({
            type,
            count: pair(tideA.errors[type].count, tideB.errors[type].count),
            dAP: pair(tideA.errors[type].dAP, tideB.errors[type].dAP),
          }))
        : [],
    recipe: recipeA && recipeB ? diffRecipes(recipeA, recipeB) : [],
    images,
  }
}

const defined = (value: number) => (value < 0 ? null : value)
const pair = (a: number | null, b: number | null) => ({ a, b, difference: a === null || b === null ? null : b - a })

function comparePerClass(a: Evaluation, b: Evaluation): Comparison['perClass'] {
  const labels = [...new Set([...a.perClass, ...b.perClass].map(({ label }) => label))]
  const scores = (result: Evaluation, label: string): Record<string, unknown> =>
    result.perClass.find((row) => row.label === label) ?? {}
  return labels.map((label) => {
    const [x, y] = [scores(a, label), scores(b, label)]
    const names = Object.keys({ ...x, ...y }).filter((name) => name !== 'label' && name !== 'categoryId')
    const value = (row: Record<string, unknown>, name: string) => (typeof row[name] === 'number' ? row[name] : null)
    return { label, scores: names.map((name) => ({ name, ...pair(value(x, name), value(y, name)) })) }
  })
}

function sameTruth(a: ObjectSet, b: ObjectSet): boolean {
  const same = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    x.length === y.length && Array.prototype.every.call(x, (value, i) => value === y[i])
  return (
    a.images.length === b.images.length &&
    a.images.every(({ sample }, i) => sample === b.images[i].sample) &&
    same(a.gt.image, b.gt.image) &&
    same(a.gt.box, b.gt.box) &&
    Array.from(a.gt.category, (k) => a.labels[k].name).join('\n') ===
      Array.from(b.gt.category, (k) => b.labels[k].name).join('\n')
  )
}

export interface ComparedImage {
  sample: number
  cocoImageId: number
  name: string
  width: number
  height: number
  a: ErrorCounts
  b: ErrorCounts
  which: 'wins' | 'ties' | 'losses'
}

/** Images that both saw, largest change first; each at its own confidence of best mean F1, IoU .5. */
export function compareImages(a: OpenEvaluation, b: OpenEvaluation): ComparedImage[] {
  const [x, y] = [a, b].map((one) => imageCounts(one.objects(), { conf: one.conf(), iou: 0.5 }))
  const inB = new Map(b.objects().set.images.map(({ sample }, i) => [sample, i]))
  const errors = ({ falsePositives, falseNegatives }: ErrorCounts) => falsePositives + falseNegatives
  return a
    .objects()
    .set.images.flatMap((image, i) => {
      const other = inB.get(image.sample)
      if (other === undefined) return []
      const change = errors(y[other]) - errors(x[i])
      const which: ComparedImage['which'] = change < 0 ? 'wins' : change > 0 ? 'losses' : 'ties'
      return [{ image: { ...image, a: x[i], b: y[other], which }, change: Math.abs(change) }]
    })
    .sort((p, q) => q.change - p.change)
    .map(({ image }) => image)
}
