/** The editor alone, with a host that stores nothing: what `bench:canvas` drives with real input events. */
import { createEditor, type EditorAnnotation, type EditorHost } from '../../../src-renderer/editor/editor'
import { labelColor } from '@shared/domain/label'

let nextId = 1_000_000
const committed: { reason: string; changes: unknown[] }[] = []
const images: { sample: number; state: string; at: number }[] = []
const host: EditorHost = {
  commit: (reason, changes) => {
    committed.push({ reason, changes })
    return Promise.resolve(changes.map((change) => (change.op === 'add' ? nextId++ : change.id)))
  },
  requestLabel: () => Promise.resolve(1),
  onImage: ({ sample, state }) => images.push({ sample, state, at: performance.now() }),
}
const editor = createEditor(document.querySelector<HTMLElement>('#canvas')!, host)
editor.setLabels(
  Array.from({ length: 12 }, (_, i) => ({ id: i + 1, name: `label ${i + 1}`, color: labelColor(i), skeleton: null })),
)
editor.setSettings({ label: 1 })

/** Boxes of varied size all over the image, the same for the same count. */
function makeBoxes(count: number, width: number, height: number): EditorAnnotation[] {
  let state = 12345
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return Array.from({ length: count }, (_, i) => {
    const w = 12 + random() ** 3 * width * 0.1
    const h = 12 + random() ** 3 * height * 0.1
    const x = random() * (width - w)
    const y = random() * (height - h)
    return {
      id: i + 1,
      label: 1 + Math.floor(random() * 12),
      shape: { kind: 'box', box: [x, y, x + w, y + h] },
      flags: { difficult: false, truncated: false, occluded: false, crowd: false },
      hidden: false,
      locked: false,
      z: 0,
    }
  })
}

const bench = { editor, makeBoxes, committed, images }
export type Bench = typeof bench
Object.assign(window, { bench })
