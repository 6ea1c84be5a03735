import { describe, expect, it } from 'vitest'
import { parseReason, reasons } from '@shared/domain/reason'

describe('reasons', () => {
  it('come back as key and values, for every template', () => {
    for (const [key, template] of Object.entries(reasons)) {
      const values: Record<string, string> = {}
      const text = template.replace(/\{(\w+)\}/g, (_, name: string) => (values[name] = `<${name}> "x" & 3`))
      expect(parseReason(text)).toEqual({ key, values })
    }
  })

  it('that are not listed have no key', () => {
    expect(parseReason('Something else')).toEqual({ key: null, values: {} })
    expect(parseReason('Draw boxes')).toEqual({ key: null, values: {} })
  })

  it('keep names with line breaks, braces and dollars', () => {
    expect(parseReason('Rename label "a{b}$1" to "c\nd"').values).toEqual({ from: 'a{b}$1', to: 'c\nd' })
  })
})
