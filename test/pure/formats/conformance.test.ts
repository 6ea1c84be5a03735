import { describe, expect, it } from 'vitest'
import { annotationEndings, formats, matchFormats } from '@shared/catalog/formats'
import { extension } from '@shared/catalog/formats/common/paths'
import { comparable, roundTrip } from '../../helpers/memory-dataset'

describe.each(formats.entries())('format %s', (id, format) => {
  it('has examples', () => expect(format.examples.length).toBeGreaterThan(0))

  it.each(format.examples.map((example) => [example.name, example] as const))(
    'reads what it writes: %s',
    async (_, example) => {
      const { chunk, sizes } = example.dataset()
      const { read, sink } = await roundTrip(id, chunk, sizes, example.options)
      expect(sink.issues).toEqual([])
      expect(read.issues).toEqual([])
      expect(comparable(read)).toEqual(comparable(chunk))
    },
  )

  it('names the endings of what it writes', async () => {
    for (const example of format.examples) {
      const { chunk, sizes } = example.dataset()
      const { sink } = await roundTrip(id, chunk, sizes, example.options)
      for (const path of Object.keys(sink.files)) expect(annotationEndings.has(extension(path)), path).toBe(true)
    }
  })

  it('has an example for every shape it claims', () => {
    const kinds = format.examples.flatMap((example) =>
      (example.dataset().chunk.annotations ?? []).map((a) => a.shape.kind),
    )
    expect(new Set(kinds)).toEqual(new Set(format.shapes))
  })

  it('is picked for its own fixture, alone', async () => {
    const { chunk, sizes } = format.examples[0].dataset()
    const { source } = await roundTrip(id, chunk, sizes, format.examples[0].options)
    const matches = await matchFormats(source)
    expect(matches[0].id).toBe(id)
    expect(matches.filter((match) => match.score === matches[0].score)).toHaveLength(1)
  })
})
