import type { Skeleton } from '@shared/domain/skeleton'
import type {
  EditChange,
  EditorAnnotation,
  EditorHost,
  EditorLabel,
  EditorSettings,
  FailedCommit,
  ToolId,
} from '../../../src-renderer/editor/api'
import { createCommands } from '../../../src-renderer/editor/commands'
import { Commits } from '../../../src-renderer/editor/commits'
import { Scene } from '../../../src-renderer/editor/scene'
import { createToolContext } from '../../../src-renderer/editor/tool-context'
import { makeTool } from '../../../src-renderer/editor/tools'
import type { Tool, ToolPointer } from '../../../src-renderer/editor/tools/tool'

export const face: Skeleton = {
  names: ['nose', 'left_eye', 'right_eye'],
  edges: [
    [0, 1],
    [0, 2],
  ],
  flip: [0, 2, 1],
  sigmas: [],
}

export const labels: EditorLabel[] = [
  { id: 1, name: 'boat', color: '#0072b2', skeleton: null },
  { id: 2, name: 'face', color: '#e69f00', skeleton: face },
]

export const box = (
  id: number,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  more: Partial<EditorAnnotation> = {},
): EditorAnnotation => ({
  id,
  label: 1,
  shape: { kind: 'box', box: [x1, y1, x2, y2] },
  flags: { difficult: false, truncated: false, occluded: false, crowd: false },
  hidden: false,
  locked: false,
  z: 0,
  ...more,
})

interface Options {
  settings?: Partial<EditorSettings>
  annotations?: EditorAnnotation[]
  /** Screen pixels per image pixel; the image's corner lies at screen (10, 20). */
  scale?: number
  host?: Partial<EditorHost>
}

/** The tools, scene and commits of an editor on a 200 x 100 image, without a DOM: pointers are given in image pixels. */
export function createHarness({ settings, annotations = [], scale = 2, host: given }: Options = {}) {
  const commits: { reason: string; changes: EditChange[]; merge: boolean }[] = []
  const failures: FailedCommit[] = []
  const spoken: string[] = []
  const speak: EditorHost['announce'] = (key, values) => spoken.push(values?.name ? `${key} ${values.name}` : key)
  let nextId = 100
  const host: EditorHost = {
    commit: (reason, changes, { merge }) => {
      commits.push({ reason, changes: structuredClone(changes), merge })
      return Promise.resolve(changes.map((change) => (change.op === 'add' ? nextId++ : change.id)))
    },
    requestLabel: () => Promise.resolve(1),
    onFailed: (failed) => failures.push(failed),
    announce: speak,
    ...given,
  }
  const scene = new Scene()
  scene.sample = 7
  scene.image = { width: 200, height: 100 }
  scene.settings = { ...scene.settings, label: 1, ...settings }
  for (const label of labels) scene.labels.set(label.id, label)
  scene.setStored(annotations)
  const view = { scale, x: 10, y: 20 }
  let pans: [number, number] = [0, 0]
  const select = (ids: readonly number[]) => {
    scene.selection = ids
  }
  const selectPredictions = (ids: readonly number[]) => {
    scene.predictionSelection = ids
    if (ids.length > 0) scene.selection = []
  }
  const store = new Commits(host, scene, {
    changed: () => tool.sceneChanged?.(),
    renamed: (ids) => select(scene.selection.map((id) => ids.get(id) ?? id)),
  })
  const toScreen = ([x, y]: readonly [number, number]): [number, number] => [x * scale + view.x, y * scale + view.y]
  const context = createToolContext({
    scene,
    host,
    commits: store,
    view: () => view,
    select,
    selectPredictions,
    setTool: (id) => {
      tool = makeTool(id, context)
    },
    setSettings: (change) => {
      scene.settings = { ...scene.settings, ...change }
    },
    panBy: (dx, dy) => {
      pans = [pans[0] + dx, pans[1] + dy]
    },
    setCursor: () => {},
    redraw: () => void tool?.render(),
    redrawShapes: () => {},
    toScreen,
  })
  let tool: Tool = makeTool('select', context)

  const pointer = (x: number, y: number, held: Partial<ToolPointer> = {}): ToolPointer => ({
    image: [x, y],
    screen: toScreen([x, y]),
    button: 0,
    shift: false,
    alt: false,
    mod: false,
    ...held,
  })
  const harness = {
    scene,
    commits,
    failures,
    spoken,
    store,
    get tool() {
      return tool
    },
    get pans() {
      return pans
    },
    commands: createCommands({
      scene,
      commit: (reason, changes, options) => void store.commit(reason, changes, options),
      select,
      selectPredictions,
      announce: speak,
    }),
    choose: (id: ToolId) => context.setTool(id),
    select,
    move: (x: number, y: number, held?: Partial<ToolPointer>) => tool.pointerMove(pointer(x, y, held)),
    down: (x: number, y: number, held?: Partial<ToolPointer>) => tool.pointerDown(pointer(x, y, held)),
    up: (x: number, y: number, held?: Partial<ToolPointer>) => tool.pointerUp(pointer(x, y, held)),
    click(x: number, y: number, held?: Partial<ToolPointer>) {
      harness.move(x, y, held)
      harness.down(x, y, held)
      harness.up(x, y, held)
    },
    drag(from: [number, number], to: [number, number], held?: Partial<ToolPointer>) {
      harness.move(...from, held)
      harness.down(...from, held)
      harness.move((from[0] + to[0]) / 2, (from[1] + to[1]) / 2, held)
      harness.move(...to, held)
      harness.up(...to, held)
    },
    key: (key: string, held: { shift?: boolean; alt?: boolean; mod?: boolean } = {}) =>
      tool.key?.({ key, shift: false, alt: false, mod: false, ...held }) ?? false,
    wheel: (x: number, y: number, deltaY: number, held?: Partial<ToolPointer>) =>
      tool.wheel?.(pointer(x, y, held), deltaY) ?? false,
    doubleClick: (x: number, y: number) => tool.doubleClick?.(pointer(x, y)),
    /** Everything so far is stored. */
    async settled() {
      // A label that is asked for answers a few turns later.
      for (let i = 0; i < 5; i++) await Promise.resolve()
      await store.settled()
    },
    /** The only change of the only commit so far. */
    only() {
      if (commits.length !== 1 || commits[0].changes.length !== 1) {
        throw new Error(`Expected one commit of one change, got ${JSON.stringify(commits)}`)
      }
      return {
        reason: commits[0].reason,
        ...(commits[0].changes[0] as EditChange & { shape?: EditorAnnotation['shape'] }),
      }
    },
  }
  return harness
}
