import { TagwrightError } from '@shared/base/errors'
import type { Annotation, AnnotationChange, annotationsContract } from '@shared/contract/annotations'
import type { ServiceHandlers } from '@shared/contract/rpc'
import type { Flags, Shape } from '@shared/domain/annotation'
import type { Attribute } from '@shared/domain/attribute'
import * as table from '../store/annotation'
import { editAttributes, listAttributes } from '../store/attribute'
import type { Writer } from '../store/change'
import { getLabel } from '../store/label'
import { packFlags, packShape } from '../store/pack-shape'
import { getSample } from '../store/sample'
import type { Store } from '../store/store'
import type { ProjectSession } from './project-session'

export const createAnnotationsService = (session: ProjectSession): ServiceHandlers<typeof annotationsContract> => ({
  list: ({ sample }) => {
    const { db } = session.store()
    getSample(db, sample)
    return { annotations: table.listAnnotations(db, sample).map(toContract) }
  },
  listMany: ({ samples, limit }) => ({ samples: table.listBoxes(session.store().db, samples, limit) }),
  apply: ({ reason, changes, merge }) => {
    const store = session.store()
    const defined = listAttributes(store.db)
    const ids = store.change(
      reason,
      (write) => changes.map((change) => applyOne(store, write, change, defined)),
      merge ? 'merge' : 'record',
    )
    return { ids, revision: store.project.revision }
  },
})

function toContract({ sampleId, labelId, ...rest }: table.Annotation): Annotation {
  return { ...rest, sample: sampleId, label: labelId } as Annotation
}

function applyOne(store: Store, write: Writer, change: AnnotationChange, defined: readonly Attribute[]): number {
  switch (change.op) {
    case 'add':
      getSample(store.db, change.sample)
      return write.insert('annotation', {
        sample_id: change.sample,
        label_id: usableLabel(store, change.label),
        ...packShape(checkShape(change.shape)),
        flags: packFlags(change.flags, change.hidden, change.locked),
        z: change.z,
        provenance: change.provenance,
        extra: table.packExtra(change.extra, editAttributes({}, change.attributes, defined)),
      })
    case 'update': {
      const old = table.getAnnotation(store.db, change.id)
      if (!old) {
        throw new TagwrightError(
          'not-found',
          `There is no annotation ${change.id}. It may have been removed; list them again.`,
          {
            annotation: change.id,
          },
        )
      }
      const flags: Flags = { ...old.flags, ...change.flags }
      write.update('annotation', change.id, {
        ...(change.label === undefined ? {} : { label_id: usableLabel(store, change.label) }),
        ...(change.shape === undefined ? {} : { ...packShape(checkShape(change.shape)), area: null }),
        flags: packFlags(flags, change.hidden ?? old.hidden, change.locked ?? old.locked),
        z: change.z,
        ...(change.extra === undefined && change.attributes === undefined
          ? {}
          : {
              extra: table.packExtra(
                change.extra === undefined ? old.extra : change.extra,
                editAttributes(old.attributes, change.attributes ?? {}, defined),
              ),
            }),
      })
      return change.id
    }
    case 'remove':
      write.remove('annotation', change.id)
      return change.id
  }
}

function usableLabel(store: Store, id: number): number {
  const label = getLabel(store.db, id)
  if (label && !label.gap) return id
  throw new TagwrightError('not-found', `There is no label ${id}. List the labels and choose another.`, { label: id })
}

/** Boxes are kept with x1 < x2 and y1 < y2: a box without area could be neither seen nor selected. */
function checkShape(shape: Shape): Shape {
  if (shape.kind === 'box') {
    const [x1, y1, x2, y2] = shape.box
    if (!(x2 > x1 && y2 > y1)) {
      throw new TagwrightError('bad-input', `The box ${shape.box.join(', ')} has no area. Give x1 < x2 and y1 < y2.`, {
        box: shape.box,
      })
    }
  }
  return shape
}
