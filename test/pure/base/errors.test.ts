/** What a person reads when the system refuses a file, or a value does not fit. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { describeIssue } from '@shared/base/describe-issue'
import { TagwrightError, toErrorShape } from '@shared/base/errors'

const refused = (code: string, more: object = { path: '/data/a b.png', syscall: 'open' }) =>
  Object.assign(new Error(`${code}: as Node says it, ${code}`), { code, errno: -1, ...more })

describe('an error of the system', () => {
  it.each([
    ['ENOENT', 'not-found'],
    ['ENOTDIR', 'not-a-folder'],
    ['EISDIR', 'not-a-file'],
    ['EACCES', 'no-access'],
    ['EROFS', 'no-access'],
    ['ENOSPC', 'disk-full'],
    ['ENAMETOOLONG', 'name-too-long'],
  ])('%s is told as %s, with the path and what to do', (reason, code) => {
    const shape = toErrorShape(refused(reason))
    expect(shape).toMatchObject({ code, details: { path: '/data/a b.png', reason } })
    expect(shape.message).toMatch(/\/data\/a b\.png.*\. [A-Z].*\.$/)
    expect(shape.message).not.toContain('as Node says')
  })

  it('says that a file is in the way of a folder, and does without a path', () => {
    const inTheWay = toErrorShape(refused('EEXIST', { path: '/data/p', syscall: 'mkdir' }))
    expect(inTheWay.message).toBe('/data/p is a file where a folder is needed. Choose another name.')
    expect(toErrorShape(refused('EISDIR', { syscall: 'read' })).message).toMatch(/^the file is a folder/i)
  })

  it('leaves what is ours, what is cancelled and what nobody foresaw', () => {
    expect(toErrorShape(new TagwrightError('x-y', 'Ours.')).code).toBe('x-y')
    expect(toErrorShape(new DOMException('Stopped.', 'AbortError')).code).toBe('cancelled')
    expect(toErrorShape(new TypeError('x is not a function')).code).toBe('internal')
    expect(toErrorShape(refused('ENOENT', {})).code).toBe('internal')
  })
})

describe('a value that does not fit', () => {
  const schema = z.strictObject({
    epochs: z.union([z.literal('auto'), z.int().min(1)]).default('auto'),
    size: z.int().min(32).multipleOf(32).default(320),
    lr: z.number().positive().default(1),
    split: z.enum(['train', 'val']).default('val'),
    list: z.array(z.string()).min(1).default(['a']),
    on: z.boolean().default(true),
  })
  const say = (input: Record<string, unknown>) => {
    const { issues } = schema.safeParse(input).error!
    return describeIssue(issues[0], input)
  }
  it.each([
    [{ epochs: 'abc' }, 'is "abc". Give "auto" or a number.'],
    [{ epochs: 0 }, 'is 0. Give a number of at least 1.'],
    [{ size: 100 }, 'is 100. Give a multiple of 32.'],
    [{ lr: -3 }, 'is -3. Give a number above 0.'],
    [{ split: 'foo' }, 'is "foo". Give "train" or "val".'],
    [{ list: [] }, 'is []. Give a list of at least 1 value.'],
    [{ list: 'a' }, 'is "a". Give a list.'],
    [{ on: 'yes' }, 'is "yes". Give true or false.'],
    [{ size: 1.5 }, 'is 1.5. Give a whole number.'],
    [{ split: 'x'.repeat(99) }, `is "${'x'.repeat(56)}.... Give "train" or "val".`],
  ])('%j', (input, message) => expect(say(input)).toBe(message))
})
