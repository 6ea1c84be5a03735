import { afterEach, describe, expect, it } from 'vitest'
import { toErrorShape } from '@shared/base/errors'
import { lintSample } from '@shared/domain/lint-sample'
import { lintWordsKey } from '@shared/domain/lint-words'
import { setLanguage } from '../../../src-renderer/locales'
import { say, sayCoded, sayError, titleOf } from '../../../src-renderer/ui/say'

const speak = (language: 'en' | 'zh') => {
  globalThis.document ??= { documentElement: {} } as Document
  setLanguage(language)
}
afterEach(() => speak('en'))
const found = (() => {
  const labels = new Map([[1, { name: '船', skeleton: null }]])
  const box = { id: 1, label: 1, kind: 'box' as const, box: [0, 0, 3, 3] as [number, number, number, number], crowd: false } // prettier-ignore
  return lintSample({ state: 'ok', width: 100, height: 100 }, [box], labels)[0]
})()

describe('what the core says', () => {
  it('is English in an English window, as on the command line', () => {
    speak('en')
    expect(say('lint.tiny', found.values, found.message)).toBe('The 船 is 3 x 3 pixels.')
    expect(sayCoded({ code: 'zero-area', message: 'The box has no area.' })).toBe('The box has no area.')
    expect(titleOf('zero-area')).toBe('Zero area')
  })
  it('is said with the same values in another language', () => {
    speak('zh')
    expect(say(`lint.${lintWordsKey(found.code, found.values)}`, found.values, found.message)).toBe('船 只有 3 × 3 像素。') // prettier-ignore
    expect(say('health.few-objects.message', { labels: [...'abcdef'], least: 20 }, '')).toBe(
      'a、b、c、d、e 等（另有 1 个）：可供学习的目标少于 20 个。',
    )
    expect(say('health.no-eval.message', { split: 'val' }, '')).toBe('“验证”中没有可用的图像。')
  })
  it('keeps the English sentence where it is not known, behind what its code means', () => {
    speak('zh')
    expect(say('health.unheard-of.message', {}, 'News.')).toBe('News.')
    expect(sayError({ code: 'not-found', message: 'There is no run r9.' })).toBe('找不到：There is no run r9.')
    expect(sayError({ code: 'unheard-of', message: 'News.' })).toBe('News.')
  })
  it('says failed calls to the system with their path', () => {
    speak('zh')
    const shape = toErrorShape(Object.assign(new Error('x'), { code: 'ENOENT', syscall: 'open', path: '/a/b' }))
    expect(shape.message).toBe('/a/b does not exist. Check the path.')
    expect(sayError(shape)).toBe('/a/b 不存在。请检查路径。')
  })
})
