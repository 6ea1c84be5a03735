/** The attributes that the project defines for its objects. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { Attribute } from '@shared/domain/attribute'
import { api } from '../client/api'
import { followProject } from './follow-project'

export const useAttributes = defineStore('attributes', () => {
  const list = shallowRef<readonly Attribute[]>([])
  followProject(
    async () => {
      list.value = (await api.attributes.list()).attributes
    },
    () => {
      list.value = []
    },
    (change) => change.tables?.includes('project') ?? true,
  )
  return { list }
})
