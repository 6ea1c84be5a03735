import { describe, expect, it } from 'vitest'
import { describeRunLength, runLength, trials } from '@shared/catalog/small-data'
import { tasks } from '@shared/catalog/tasks'

const task = tasks.get('detect')

describe('The length of a run that is left open', () => {
  it('from start weights grows with the images between two ends', () => {
    expect(runLength(30, 3, true, task)).toMatchObject({ epochs: 40, steps: 120, amount: 'few' })
    expect(runLength(100, 12, true, task)).toMatchObject({ epochs: 34, steps: 408, amount: 'small' })
    expect(runLength(205, 25, true, task)).toMatchObject({ epochs: 24, steps: 600 })
    expect(runLength(5000, 625, true, task)).toMatchObject({ epochs: 10, amount: 'large' })
    expect(runLength(1, 1, true, task)).toMatchObject({ epochs: 120 })
  })
  it('is what a task wants that has more to learn than a detector', () => {
    const started = { perImage: 12, fewest: 400, most: 1500 }
    expect(runLength(93, 11, true, { ...task, steps: started })).toMatchObject({ epochs: 102, steps: 1122 })
    expect(runLength(10, 1, true, { ...task, steps: started }).epochs).toBe(300)
    expect(runLength(2000, 250, true, { ...task, steps: started })).toMatchObject({ epochs: 10, steps: 2500 })
  })
  it('from scratch is the longer one, within 300 epochs', () => {
    expect(runLength(30, 3, false, task)).toMatchObject({ epochs: 300, amount: 'few', trial: null })
    expect(runLength(205, 25, false, task).epochs).toBe(80)
  })
  it('is told with a trial on about as many images, and with none where none was made', () => {
    expect(runLength(40, 5, true, task).trial).toMatchObject({ images: 30 })
    expect(runLength(300, 37, true, task).trial).toMatchObject({ images: 205, frozen: 'nothing' })
    expect(runLength(5000, 625, true, task).trial).toBeNull()
    const text = describeRunLength(runLength(30, 3, true, task), 30)
    const { AP50 } = trials.find(({ images, frozen }) => images === 30 && frozen === 'nothing')!
    expect(text).toContain('40 epochs (120 steps)')
    expect(text).toContain(AP50.toFixed(2))
    expect(describeRunLength(runLength(30, 3, false, task), 30)).toContain('weights list')
  })
})
