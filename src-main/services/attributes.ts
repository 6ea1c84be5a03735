import type { attributesContract } from '@shared/contract/attributes'
import type { ServiceHandlers } from '@shared/contract/rpc'
import {
  attributeUsage,
  listAttributes,
  putAttribute,
  removeAttribute,
  renameAttribute,
  reorderAttributes,
} from '../store/attribute'
import type { ProjectSession } from './project-session'

export const createAttributesService = (session: ProjectSession): ServiceHandlers<typeof attributesContract> => ({
  list: () => ({ attributes: listAttributes(session.store().db) }),
  usage: () => ({ names: attributeUsage(session.store().db) }),
  put: ({ attribute }) => putAttribute(session.store(), attribute),
  rename: ({ from, to }) => ({ annotations: renameAttribute(session.store(), from, to) }),
  remove: ({ name, values }) => ({ annotations: removeAttribute(session.store(), name, values) }),
  reorder: ({ names }) => reorderAttributes(session.store(), names),
})
