/** What a model says about the shown image: ask it, take it, leave it. */
import { Check, CheckCheck, ScanSearch, Sparkles, X } from '@lucide/vue'
import { defineAction } from '../../actions/action'
import { useAnnotator } from '../../stores/annotator'
import { useAssist } from '../../stores/assist'
import { usePredictionLayer } from '../../stores/prediction-layer'

const base = { group: 'predictions.group', view: 'label', menu: 'label' } as const
const hasSelected = () => usePredictionLayer().selection.length > 0

export default [
  defineAction({
    ...base,
    id: 'label.predict',
    title: 'predictions.predict',
    keys: ['Shift+p'],
    icon: ScanSearch,
    when: () => useAnnotator().sampleId !== null && usePredictionLayer().model !== null,
    run: () => usePredictionLayer().predictHere(),
  }),
  defineAction({
    ...base,
    id: 'label.acceptPrediction',
    title: 'predictions.accept',
    keys: ['Enter'],
    icon: Check,
    when: hasSelected,
    run: () => usePredictionLayer().accept(usePredictionLayer().selection),
  }),
  defineAction({
    ...base,
    id: 'label.rejectPrediction',
    title: 'predictions.reject',
    keys: ['Delete'],
    icon: X,
    when: hasSelected,
    run: () => usePredictionLayer().reject(usePredictionLayer().selection),
  }),
  defineAction({
    ...base,
    id: 'label.acceptPredictions',
    title: 'predictions.acceptAll',
    keys: ['Shift+Enter'],
    icon: CheckCheck,
    when: () => usePredictionLayer().sure.length > 0,
    run: () => usePredictionLayer().accept(usePredictionLayer().sure),
  }),
  defineAction({
    ...base,
    id: 'label.assist',
    title: 'assist.title',
    keys: [],
    icon: Sparkles,
    when: () => useAssist().possible,
    run: () => void useAssist().toggle(),
  }),
]
