/** A job in words. */
import type { Job } from '@shared/contract/jobs'
import { i18n, translate } from '../locales'
import { formatNumber, formatShare } from './format'

/** `Import`, `Train r3`. */
export function jobTitle(job: Job): string {
  const key = `jobs.${job.kind}`
  const title = i18n.global.te(key, 'en') ? translate(key) : job.kind
  return job.run === null ? title : `${title} ${job.run}`
}

/** Whether images come into the project by it. */
export const fillsProject = ({ kind }: Job): boolean => ['import', 'import-upload', 'sample'].includes(kind)

/** 0..1, or null where the end is not known. */
export function shareDone({ progress }: Job): number | null {
  if (!progress?.total) return null
  return Math.min(1, progress.done / progress.total)
}

/** `42 %`, or with `full`: `reading · 420 of 1,000`. */
export function describeProgress(job: Job, full = false): string {
  const { progress } = job
  if (!progress) return translate(`app.jobs.status.${job.status}`)
  const share = shareDone(job)
  if (!full) return share === null ? formatNumber(progress.done) : formatShare(share)
  const count =
    progress.total === null
      ? formatNumber(progress.done)
      : translate('app.jobs.count', { done: formatNumber(progress.done), total: formatNumber(progress.total) })
  return `${describePhase(progress.phase)} · ${count}`
}

/** `epoch 3 of 40` and the like are numbers first: they stay as they are. */
function describePhase(phase: string): string {
  const key = `jobs.phases.${phase.replaceAll(' ', '-')}`
  return i18n.global.te(key) ? translate(key) : phase
}
