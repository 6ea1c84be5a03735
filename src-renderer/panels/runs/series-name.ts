/** What people call a measured series: `box` of the losses, `top-1`, `AP`. */
import { scoreTitle } from '@shared/domain/score'
import { i18n } from '../../locales'

/** Among its like: without its first part, and parts of the loss without that word. */
export function seriesName(series: string): string {
  const { t, te } = i18n.global
  const key = `runs.seriesName.${series.replaceAll('/', '_')}`
  if (te(key)) return t(key)
  const part = /\/loss_(.*)$/.exec(series)?.[1]
  if (part !== undefined) return te(`runs.lossName.${part}`) ? t(`runs.lossName.${part}`) : part
  const name = scoreTitle(series.replace(/^[^/]*\//, ''))
  // Means of epochs are drawn beside what they are means of.
  return /^epoch\/(?!loss)/.test(series) ? `${name} (${t('runs.epoch')})` : name
}

/** In a list of all: with what it was measured on. */
export function seriesTitle(series: string): string {
  const { t, te } = i18n.global
  const name = seriesName(series.replace(/^epoch\/(?!loss)/, 'train/'))
  const part = series.includes('/loss_') ? `${t('runs.chart.loss')}: ${name}` : name
  const key = `runs.seriesSet.${series.split('/')[0]}`
  return te(key) ? `${part} · ${t(key)}` : part
}
