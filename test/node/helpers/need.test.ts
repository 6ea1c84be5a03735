import { afterEach, expect, test, vi } from 'vitest'
import { need } from '../../helpers/need'

afterEach(() => vi.unstubAllEnvs())

test('an absent folder gives a reason that names the variable to set', () => {
  vi.stubEnv('TAGWRIGHT_DATA', '/nowhere/data')
  vi.stubEnv('TAGWRIGHT_REQUIRE', '')
  const data = need('data')
  expect(data.available).toBe(false)
  expect(data.path).toBe('')
  expect(data.reason).toBe(
    '/nowhere/data/detect/bccd is not there; set TAGWRIGHT_DATA to the folder that holds detect/bccd',
  )
})

test('an absent need is a failure when TAGWRIGHT_REQUIRE lists it', () => {
  vi.stubEnv('TAGWRIGHT_GOLDEN', '/nowhere/golden')
  vi.stubEnv('TAGWRIGHT_REQUIRE', 'data, golden')
  expect(() => need('golden')).toThrow(/^TAGWRIGHT_REQUIRE lists golden, but \/nowhere\/golden/)
})

test('a driver file that does not exist is named', () => {
  vi.stubEnv('VK_DRIVER_FILES', '/nowhere/icd.json')
  vi.stubEnv('TAGWRIGHT_REQUIRE', '')
  expect(need('gpu').reason).toContain('/nowhere/icd.json')
})

test('what is there comes with its path', () => {
  vi.stubEnv('CHROMIUM', process.execPath)
  expect(need('browser')).toMatchObject({ available: true, path: process.execPath, reason: '' })
})
