import { expect, it } from 'vitest'
import { createDatasetsService } from '../../../src-main/services/datasets'

it('proposes a class where the files of a format name none, and only there', async () => {
  const service = createDatasetsService(undefined as never, () => {
    throw new Error('no queue in this test')
  })
  const { formats } = await service.formats({} as never, undefined as never)
  const labels = Object.fromEntries(formats.map(({ id, label }) => [id, label]))
  expect(labels).toMatchObject({ deeplabcut: 'animal', mpii: 'person', coco: null, labelme: null, voc: null })
})
