import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Campaign } from '../../campaign/campaign'
import { runCampaign } from '../../campaign/run-campaign'

const root = resolve(import.meta.dirname, '../../..')
let folder: string

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tagwright-campaign-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const read = () => JSON.parse(readFileSync(join(folder, 'trial.json'), 'utf8'))
const trial = (run: Campaign['run']): Campaign => ({ title: 'Trial', seed: 3, recipe: { size: 32 }, run })

test('a finished campaign leaves its figures with commit, machine, seed and recipe', async () => {
  await runCampaign(
    'trial',
    trial(async ({ seed }) => ({ doubled: seed * 2 })),
    { root, args: ['--seed', '5'], folder },
  )
  const report = read()
  expect(report).toMatchObject({
    title: 'Trial',
    seed: 5,
    recipe: { size: 32 },
    complete: true,
    figures: { doubled: 10 },
  })
  expect(report.commit).toMatch(/^([0-9a-f]{40}(\+changes)?|unknown)$/)
  expect(report.machine.cores).toBeGreaterThan(0)
})

test('a campaign that breaks keeps what it had recorded, marked as incomplete', async () => {
  const broken = trial(async ({ record }) => {
    record({ first: 1 })
    record({ second: 2 })
    throw new Error('the power went out')
  })
  await expect(runCampaign('trial', broken, { root, args: [], folder })).rejects.toThrow('the power went out')
  expect(read()).toMatchObject({ complete: false, seed: 3, figures: { first: 1, second: 2 } })
})
