import { useI18n } from 'vue-i18n'
import { formatNumber } from '../../ui/format'

/** How many objects on how many images, in words for the texts of this panel, each with its own plural. */
export function useUsage() {
  const { t } = useI18n()
  const counted = (key: string, count: number): string => t(key, { count: formatNumber(count) }, count)
  return ({ annotations, samples }: { annotations: number; samples: number }) => ({
    objects: counted('labels.objectCount', annotations),
    images: counted('labels.imageCount', samples),
  })
}
