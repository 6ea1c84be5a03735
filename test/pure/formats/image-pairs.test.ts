import { describe, expect, it } from 'vitest'
import { matchFormats } from '@shared/catalog/formats'
import { findPairs } from '@shared/catalog/formats/image-pairs'
import { memorySource } from '../../helpers/memory-dataset'

const read = (...paths: string[]) => {
  const { pairs, alone } = findPairs([...paths].sort())
  return [...pairs.map(({ noisy, clean }) => `${noisy} > ${clean}`), ...alone]
}

describe('pairs of noisy and clean images', () => {
  it.each([
    ['low and high', ['set/low/1.png', 'set/high/1.png'], ['set/low/1.png > set/high/1.png']],
    ['the word in folder and name', ['noisy/noisy_1.png', 'clean/clean_1.png'], ['noisy/noisy_1.png > clean/clean_1.png']], // prettier-ignore
    ['other words beside', ['rainy_image/1.jpg', 'ground_truth/1.png'], ['rainy_image/1.jpg > ground_truth/1.png']],
    ['a strength', ['noisy25/1.png', 'original/1.png'], ['noisy25/1.png > original/1.png']],
    ['splits in names of folders', ['train_noisy/1.png', 'train_clean/1.png', 'val_noisy/1.png', 'val_clean/1.png'], ['train_noisy/1.png > train_clean/1.png', 'val_noisy/1.png > val_clean/1.png']], // prettier-ignore
    ['a name with and without the word', ['a/7_noise25.png', 'a/7.png', 'a/8.png'], ['a/7_noise25.png > a/7.png', 'a/8.png']], // prettier-ignore
    ['a word around all of them', ['noise set/clean/1.png', 'noise set/noisy/1.png'], ['noise set/noisy/1.png > noise set/clean/1.png']], // prettier-ignore
    ['exposures', ['short/1.png', 'long/1.png'], ['short/1.png > long/1.png']],
    ['LOL', ['Train/Low/low00001.png', 'Train/Normal/normal00001.png'], ['Train/Low/low00001.png > Train/Normal/normal00001.png']], // prettier-ignore
    ['SIDD', ['0001/NOISY_SRGB_010.PNG', '0001/GT_SRGB_010.PNG'], ['0001/NOISY_SRGB_010.PNG > 0001/GT_SRGB_010.PNG']],
    ['no words', ['trainA/1.png', 'trainB/1.png'], ['trainA/1.png', 'trainB/1.png']],
  ])('%s', (_, paths, expected) => {
    expect(read(...paths)).toEqual(expected)
  })

  it('are no pairs where objects or classes are learned', async () => {
    const size = { width: 6, height: 5 }
    const source = memorySource({}, { 'low/1.png': size, 'high/1.png': size })
    expect((await matchFormats(source, 'image'))[0].id).toBe('image-pairs')
    expect((await matchFormats(source, 'objects'))[0].id).toBe('images')
  })
})
