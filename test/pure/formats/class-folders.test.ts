import { describe, expect, it } from 'vitest'
import { matchFormats } from '@shared/catalog/formats'
import { placesOf } from '@shared/catalog/formats/class-folders/places'
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

  it('are no classes when there is one alone', async () => {
    expect(await best(['2026/1.png', '2026/2.png'], 'class')).toBe('images')
    expect(await best(['2026/images/1.png', '2026/images/2.png'], 'class')).toBe('images')
  })

  it('leave files of other programs alone in a project of classes', async () => {
    const source = memorySource({ 'info.txt': 'made by me', 'meta.json': '{}', 'ids.csv': 'a,b' }, Object.fromEntries(folders.map((path) => [path, size]))) // prettier-ignore
    expect((await matchFormats(source, 'class'))[0].id).toBe('class-folders')
    expect((await matchFormats(source, 'objects'))[0].id).toBe('images')
  })
})

describe('the class and the split of an image', () => {
  const read = (...paths: string[]) => placesOf(paths).map(({ label, split }) => `${split ?? '-'} ${label ?? '-'}`)

  it.each([
    ['beside folders', ['maize/1.png', 'beet/1.png', 'new.png'], ['- maize', '- beet', '- -']],
    ['folders around everything', ['set 1/raw/maize/1.png', 'set 1/raw/beet/1.png'], ['- maize', '- beet']],
    ['splits in a folder', ['images/train/maize/1.png', 'images/val/beet/1.png'], ['train maize', 'val beet']],
    ['a folder between split and class', ['train/images/maize/1.png', 'val/images/beet/1.png'], ['train maize', 'val beet']], // prettier-ignore
    ['archives of their own name', ['seg_train/seg_train/sea/1.png', 'seg_train/seg_train/ice/1.png', 'seg_test/seg_test/sea/1.png'], ['train sea', 'train ice', 'test sea']], // prettier-ignore
    ['images to predict', ['train/maize/1.png', 'train/beet/1.png', 'test/1.png'], ['train maize', 'train beet', 'test -']], // prettier-ignore
    ['splits below classes', ['maize/train/1.png', 'beet/train/1.png', 'beet/val/1.png'], ['train maize', 'train beet', 'val beet']], // prettier-ignore
    ['a class called test', ['test/1.png', 'control/1.png'], ['- test', '- control']],
    ['classes of classes', ['animals/cat/1.png', 'animals/dog/1.png', 'plants/oak/1.png'], ['- animals/cat', '- animals/dog', '- plants/oak']], // prettier-ignore
    ['one class', ['photos/maize/1.png', 'photos/maize/2.png'], ['- maize', '- maize']],
    ['the same name in two forms of Unicode', ['train/gru\u0308n/1.png', 'val/gr\u00fcn/1.png', 'val/rot/1.png'], ['train gr\u00fcn', 'val gr\u00fcn', 'val rot']], // prettier-ignore
  ])('%s', (_, paths, expected) => {
    expect(read(...paths)).toEqual(expected)
  })
})
