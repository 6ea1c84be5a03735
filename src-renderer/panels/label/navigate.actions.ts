/** Going from image to image. */
import { ArrowLeft, ArrowRight, CircleCheck, Crosshair, Hash, SkipBack, SkipForward } from '@lucide/vue'
import { defineAction } from '../../actions/action'
import { useAnnotator } from '../../stores/annotator'
import { useSamples } from '../../stores/samples'
import { useCanvasSettings } from './canvas-settings'

const common = { group: 'label.group.images', view: 'label', menu: 'label' } as const
const hasImages = () => useSamples().ids.length > 0
const hasImage = () => useAnnotator().sampleId !== null
async function leaveReviewed(): Promise<void> {
  const annotator = useAnnotator()
  if (useCanvasSettings().reviewedOnNext && annotator.row?.reviewed === false) await annotator.setReviewed(true)
}

export default [
  defineAction({
    ...common,
    id: 'label.next',
    title: 'label.next',
    keys: ['d', 'PageDown'],
    icon: ArrowRight,
    repeat: true,
    when: hasImages,
    async run() {
      await leaveReviewed()
      await useAnnotator().step(1)
    },
  }),
  defineAction({
    ...common,
    id: 'label.previous',
    title: 'label.previous',
    keys: ['a', 'PageUp'],
    icon: ArrowLeft,
    repeat: true,
    when: hasImages,
    run: () => useAnnotator().step(-1),
  }),
  defineAction({
    ...common,
    id: 'label.first',
    title: 'label.first',
    keys: ['$mod+Home'],
    when: hasImages,
    run: () => useAnnotator().step(-Infinity),
  }),
  defineAction({
    ...common,
    id: 'label.last',
    title: 'label.last',
    keys: ['$mod+End'],
    when: hasImages,
    run: () => useAnnotator().step(Infinity),
  }),
  defineAction({
    ...common,
    id: 'label.verify',
    title: 'label.verify',
    keys: ['Space'],
    icon: CircleCheck,
    when: hasImage,
    run: () => useAnnotator().setReviewed(!useAnnotator().row?.reviewed),
  }),
  defineAction({
    ...common,
    id: 'label.nextUnlabelled',
    title: 'label.nextUnlabelled',
    keys: ['n'],
    icon: SkipForward,
    when: hasImages,
    run: () => useAnnotator().goUnlabelled('next'),
  }),
  defineAction({
    ...common,
    id: 'label.previousUnlabelled',
    title: 'label.previousUnlabelled',
    keys: ['Shift+n'],
    icon: SkipBack,
    when: hasImages,
    run: () => useAnnotator().goUnlabelled('previous'),
  }),
  defineAction({
    ...common,
    id: 'label.jump',
    title: 'label.jump.title',
    keys: ['$mod+g'],
    icon: Hash,
    when: hasImages,
    run: () => void (useAnnotator().dialog = 'jump'),
  }),
  defineAction({
    ...common,
    id: 'label.loopNext',
    title: 'label.loopNext',
    keys: ['.'],
    icon: Crosshair,
    when: hasImage,
    run: () => useAnnotator().editor?.loopObjects(1),
  }),
  defineAction({
    ...common,
    id: 'label.loopPrevious',
    title: 'label.loopPrevious',
    keys: [','],
    when: hasImage,
    run: () => useAnnotator().editor?.loopObjects(-1),
  }),
]
