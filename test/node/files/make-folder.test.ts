/** Folders that a person named. Where the system takes none, `mkdir` of Node would try for ever. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toErrorShape } from '@shared/base/errors'
import { createStudio } from '../../../src-main/host/studio'
import { makeFolder } from '../../../src-main/media/make-folder'
import { createSink } from '../../../src-main/media/node-sink'
import { initStore } from '../../../src-main/store/store'
import { testPorts } from '../../helpers/test-ports'

let folder: string
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'tagwright-make-folder-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const said = (fn: () => void) => {
  try {
    fn()
  } catch (error) {
    return toErrorShape(error)
  }
  return null
}
const sink = {
  force: true,
  copyImages: false,
  imageFile: () => '',
  originals: new Set<string>(),
  report() {},
}

describe('makeFolder', () => {
  test('makes what is missing, and says nothing when all is there', () => {
    const path = join(folder, 'a', 'b', 'c')
    makeFolder(path)
    makeFolder(path)
    expect(statSync(path).isDirectory()).toBe(true)
  })

  test('says which file is in the way', () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    expect(said(() => makeFolder(file))).toMatchObject({
      code: 'exists',
      message: `${file} is a file where a folder is needed. Choose another name.`,
    })
    const below = join(file, 'x')
    expect(said(() => makeFolder(below))).toMatchObject({
      code: 'not-a-folder',
      message: `${below} leads through a file where a folder is needed. Check the path.`,
    })
  })

  const proc = describe.runIf(existsSync('/proc/self'))
  proc('where the system takes no folders (Linux)', () => {
    const refused = {
      code: 'not-writable',
      message: 'The system takes no new folder at /proc/tagwright. Choose another place.',
    }
    test('refuses at once', () => {
      expect(said(() => makeFolder('/proc/tagwright/drawn'))).toMatchObject(refused)
    })
    test('so do exports and projects', async () => {
      const target = await createSink('/proc/tagwright', sink)
      const error = await target.write('a.txt', 'text').catch((thrown: unknown) => thrown)
      expect(toErrorShape(error)).toMatchObject(refused)
      expect(said(() => void initStore('/proc/tagwright'))).toMatchObject(refused)
      const studio = createStudio(testPorts())
      await expect(studio.init('/proc/tagwright', {})).rejects.toMatchObject({ code: 'ENOENT', syscall: 'mkdir' })
      await studio.close()
    })
  })
})
