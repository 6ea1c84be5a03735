import { expect, it } from 'vitest'
import { formats } from '@shared/catalog/formats'
import { formatNames } from '../../../src-main/entry/cli/format-options'

it('the help of the command line names every format of the catalog', () => {
  expect(formatNames.split(', ').sort()).toEqual([...formats.ids].sort())
})
