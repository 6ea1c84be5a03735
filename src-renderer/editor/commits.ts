/**
 * Stores finished gestures one after another. What was done is shown at once; when storing fails it stays on the canvas
 * as a draft until it is tried again or given up, so nothing is lost.
 */
import type { EditChange, EditorAnnotation, EditorHost, EditReason } from './api'
import { Scene } from './scene'

interface Pending {
  reason: EditReason
  changes: readonly EditChange[]
  merge: boolean
  /** Id on the canvas of each change: negative for additions. */
  ids: readonly number[]
  sample: number | null
  done: (ids: readonly number[] | null) => void
}

export interface CommitOptions {
  merge?: boolean
  /** The image of the changes, when it may no longer be the one shown. */
  sample?: number | null
  /** Told at once which ids the changes have on the canvas. */
  shown?: (ids: readonly number[]) => void
}

export interface CommitEvents {
  /** The canvas must be drawn again. */
  changed(): void
  /** A draft got its stored id. */
  renamed(ids: ReadonlyMap<number, number>): void
}

export class Commits {
  private readonly queue: Pending[] = []
  private readonly stuck: Pending[] = []
  /** Stored ids of drafts. */
  private readonly realIds = new Map<number, number>()
  private running: Promise<void> | null = null
  private nextDraft = -1
  private readonly host: Pick<EditorHost, 'commit' | 'onFailed'>
  private readonly scene: Scene
  private readonly events: CommitEvents

  constructor(host: Pick<EditorHost, 'commit' | 'onFailed'>, scene: Scene, events: CommitEvents) {
    this.host = host
    this.scene = scene
    this.events = events
  }

  /** Unstored gestures, failed ones included. */
  get open(): number {
    return this.queue.length + this.stuck.length
  }

  /**
   * Shows the changes and stores them as one history step. Resolves with the stored ids, or null when it failed (the
   * host was told).
   */
  commit(
    reason: EditReason,
    changes: readonly EditChange[],
    { merge = false, sample = this.scene.sample, shown }: CommitOptions = {},
  ): Promise<readonly number[] | null> {
    if (changes.length === 0) return Promise.resolve([])
    const ids = changes.map((change) => (change.op === 'add' ? this.nextDraft-- : change.id))
    if (sample === this.scene.sample) {
      changes.forEach((change, i) => this.show(ids[i], change))
      this.events.changed()
      shown?.(ids)
    }
    return new Promise((done) => {
      this.queue.push({ reason, changes, merge, ids, sample, done })
      this.run()
    })
  }

  /** Resolves when nothing waits to be stored. */
  async settled(): Promise<void> {
    while (this.running) await this.running
  }

  /** The drafts of failed gestures of the image that is shown now, laid over its annotations again. */
  reshow(): void {
    for (const pending of [...this.stuck, ...this.queue]) {
      if (pending.sample !== this.scene.sample) continue
      pending.changes.forEach((change, i) => this.show(this.realIds.get(pending.ids[i]) ?? pending.ids[i], change))
    }
    this.markFailed()
  }

  private show(id: number, change: EditChange): void {
    if (change.op === 'add') this.scene.overlaySet(id, Scene.fromAdd(id, change))
    else if (change.op === 'remove') this.scene.overlaySet(id, null)
    else {
      const old = this.scene.get(id)
      if (old) this.scene.overlaySet(id, Scene.applyUpdate(old, change))
    }
  }

  private run(): void {
    this.running ??= this.drain().finally(() => {
      this.running = null
    })
  }

  private async drain(): Promise<void> {
    for (let pending = this.queue[0]; pending; pending = this.queue[0]) {
      const changes = pending.changes.map((change) => this.withRealId(change))
      try {
        const ids = await this.host.commit(pending.reason, changes, { merge: pending.merge })
        this.queue.shift()
        this.accept(pending, changes, ids)
        pending.done(ids)
      } catch (error) {
        this.queue.shift()
        this.stuck.push(pending)
        this.markFailed()
        this.events.changed()
        this.host.onFailed?.({
          reason: pending.reason,
          changes,
          error,
          retry: () => this.retry(pending),
          discard: () => this.discard(pending),
        })
        pending.done(null)
      }
    }
  }

  private withRealId(change: EditChange): EditChange {
    return change.op === 'add' ? change : { ...change, id: this.realIds.get(change.id) ?? change.id }
  }

  private accept(pending: Pending, changes: readonly EditChange[], ids: readonly number[]): void {
    const renamed = new Map<number, number>()
    changes.forEach((change, i) => {
      const shownId = pending.ids[i]
      const realId = ids[i]
      if (shownId < 0 && shownId !== realId) {
        this.realIds.set(shownId, realId)
        if (change.op === 'add') renamed.set(shownId, realId)
      }
      if (pending.sample !== this.scene.sample) return
      this.scene.store(realId, this.afterChange(realId, change))
      // A later gesture on the same annotation is still to be stored: its look stays on top.
      const later = this.isEditedLater(shownId, realId) ? this.scene.overlayOf(shownId) : undefined
      this.scene.overlayDrop(shownId)
      if (later === undefined) this.scene.overlayDrop(realId)
      else this.scene.overlaySet(realId, later && { ...later, id: realId })
    })
    if (renamed.size > 0 && pending.sample === this.scene.sample) this.events.renamed(renamed)
    this.events.changed()
  }

  private afterChange(id: number, change: EditChange): EditorAnnotation | null {
    if (change.op === 'add') return Scene.fromAdd(id, change)
    const old = this.scene.getStored(id)
    return change.op === 'remove' || !old ? null : Scene.applyUpdate(old, change)
  }

  private isEditedLater(...ids: number[]): boolean {
    return [...this.queue, ...this.stuck].some((pending) => pending.ids.some((id) => ids.includes(id)))
  }

  private retry(pending: Pending): void {
    const at = this.stuck.indexOf(pending)
    if (at < 0) return
    this.stuck.splice(at, 1)
    this.queue.push({ ...pending, done: () => {} })
    this.markFailed()
    this.run()
    this.events.changed()
  }

  private discard(pending: Pending): void {
    const at = this.stuck.indexOf(pending)
    if (at < 0) return
    this.stuck.splice(at, 1)
    if (pending.sample === this.scene.sample) {
      for (const id of pending.ids) {
        this.scene.overlayDrop(id)
        this.scene.overlayDrop(this.realIds.get(id) ?? id)
      }
      this.reshow()
    }
    this.markFailed()
    this.events.changed()
  }

  private markFailed(): void {
    const ids = this.stuck
      .filter((pending) => pending.sample === this.scene.sample)
      .flatMap((pending) => pending.ids.map((id) => this.realIds.get(id) ?? id))
    this.scene.failed = new Set(ids)
  }

  /** The stored id of a draft, or the id itself. */
  realId(id: number): number {
    return this.realIds.get(id) ?? id
  }
}
