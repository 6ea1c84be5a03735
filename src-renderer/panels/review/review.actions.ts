import { ArrowDown, ArrowUp, Check, PencilLine, Replace, X } from '@lucide/vue'
import { defineAction } from '../../actions/action'
import { useNavigation } from '../../stores/navigation'
import { useReview } from '../../stores/review'

const hasItem = () => useReview().item !== undefined
const any = () => useReview().items.length > 0 || useReview().uncertain.length > 0

/** Opens what is looked at in the annotator. */
export function editCurrent(): void {
  const review = useReview()
  const sample = review.item?.sample ?? review.uncertain[review.index]?.sample
  if (sample === undefined) return
  const annotation = review.item?.annotation
  useNavigation().go('label', { sample, ...(annotation ? { annotation: annotation.id } : {}) })
}

export default [
  defineAction({
    id: 'review.accept',
    title: 'review.accept',
    group: 'review.title',
    view: 'review',
    keys: ['Enter'],
    icon: Check,
    menu: 'label',
    when: hasItem,
    run: () => useReview().decide('accept'),
  }),
  defineAction({
    id: 'review.reject',
    title: 'review.reject',
    group: 'review.title',
    view: 'review',
    keys: ['Delete', 'Backspace'],
    icon: X,
    menu: 'label',
    when: hasItem,
    run: () => useReview().decide('reject'),
  }),
  defineAction({
    id: 'review.correct',
    title: 'review.correct',
    group: 'review.title',
    view: 'review',
    keys: ['c'],
    icon: Replace,
    menu: 'label',
    when: () => !!useReview().item?.prediction,
    run: () => void (useReview().correcting = true),
  }),
  defineAction({
    id: 'review.edit',
    title: 'review.edit',
    group: 'review.title',
    view: 'review',
    keys: ['e'],
    icon: PencilLine,
    menu: 'label',
    when: any,
    run: editCurrent,
  }),
  defineAction({
    id: 'review.next',
    title: 'review.next',
    group: 'review.title',
    view: 'review',
    keys: ['d', 'ArrowDown'],
    icon: ArrowDown,
    repeat: true,
    when: any,
    run: () => useReview().move(1),
  }),
  defineAction({
    id: 'review.previous',
    title: 'review.previous',
    group: 'review.title',
    view: 'review',
    keys: ['a', 'ArrowUp'],
    icon: ArrowUp,
    repeat: true,
    when: any,
    run: () => useReview().move(-1),
  }),
]
