/** A model's scores in one line: `AP .338`, `top-1 .942`. */
import { type Score, scoreNumbers, scoreTitle } from '@shared/domain/score'

/** PSNR in dB, all else as a share. */
export const formatScore = (name: string, value: number): string =>
  name === 'PSNR' ? `${value.toFixed(2)} dB` : value.toFixed(3)

/** @param most how many of the numbers, the deciding one first. */
export const numbersText = (numbers: Readonly<Record<string, number>>, most = Infinity): string =>
  Object.entries(numbers)
    .slice(0, most)
    .map(([name, value]) => `${scoreTitle(name)} ${formatScore(name, value)}`)
    .join(' · ')

export const scoreText = (score: Score, most = Infinity): string =>
  numbersText(Object.fromEntries(scoreNumbers(score)), most)
