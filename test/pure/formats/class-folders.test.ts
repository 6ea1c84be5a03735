import { describe, expect, it } from 'vitest'
import { matchFormats } from '@shared/catalog/formats'
import type { Truth } from '@shared/domain/task'
import { memorySource } from '../../helpers/memory-dataset'

const size = { width: 6, height: 5 }
const best = async (paths: string[], truth?: Truth) =>
  (await matchFormats(memorySource({}, Object.fromEntries(paths.map((path) => [path, size]))), truth))[0].id

describe('folders as classes', () => {
  const folders = ['maize/1.png', 'maize/2.png', 'beet/1.png']

  it('are classes where the images of a project have one each, and only folders elsewhere', async () => {
    expect(await best(folders, 'class')).toBe('class-folders')
    expect(await best(folders, 'objects')).toBe('images')
    expect(await best(folders)).toBe('images')
  })

  it('are classes anywhere when splits above them hold the same', async () => {
    const splits = ['train', 'valid'].flatMap((split) => folders.map((path) => `${split}/${path}`))
    expect(await best(splits, 'objects')).toBe('class-folders')
  })

  it('are no classes of images that lie beside them, or when there is one alone', async () => {
    expect(await best([...folders, 'new.png'], 'class')).toBe('images')
    expect(await best(['2026/1.png', '2026/2.png'], 'class')).toBe('images')
  })
})
