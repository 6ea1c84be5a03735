import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { StudioContracts } from '@shared/contract'
import type { Client } from '@shared/contract/rpc'
import { connectProject } from '../../../src-main/host/connect'
import { forkWorker } from '../../../src-main/host/fork-worker'
import { createStudio } from '../../../src-main/host/studio'
import { bundle } from '../../helpers/bundle'
import { runCli } from '../../helpers/run-cli'
import { testPorts } from '../../helpers/test-ports'

const helper = (name: string) => resolve(import.meta.dirname, '../../helpers', name)
let folder: string
let project: string
let worker: string
let owner: string
beforeAll(async () => {
  worker = await bundle(helper('fake-worker.ts'))
  owner = await bundle(helper('owner-process.ts'))
})
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-attach-'))
  project = join(folder, 'project')
  const studio = createStudio(testPorts())
  const store = await studio.init(project, {})
  const batch = store.beginImport({ source: folder, root: folder })
  batch.addLabels([{ key: 'b', name: 'boat' }])
  batch.addSamples(
    (['train', 'val'] as const).map((split) => ({ key: split, path: `${split}.jpg`, width: 64, height: 48, split })),
  )
  const box: [number, number, number, number] = [4, 4, 40, 30]
  batch.addAnnotations(['train', 'val'].map((sample) => ({ sample, label: 'b', shape: { kind: 'box' as const, box } })))
  batch.finish()
  await studio.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A process that owns the project and trains in it. */
async function startOwner(): Promise<ChildProcess> {
  const child = fork(owner, [project, worker], { execArgv: [] })
  expect((await once(child, 'message'))[0]).toBe('training')
  return child
}
const lossSteps = async (api: Client<StudioContracts>) =>
  (await api.runs.metrics({ run: 'latest' })).rows.filter((row) => row.series === 'train/loss').map((row) => row.step)

test('info and labels rename work while a run trains in another process', async () => {
  const child = await startOwner()
  const info = await runCli(['info', project, '--json'])
  expect(info.json()).toMatchObject({ runs: 1, labels: [{ name: 'boat' }] })
  const renamed = await runCli(['labels', project, 'rename', 'boat', 'sailboat', '--json'])
  expect(renamed.json()).toMatchObject({ labels: [{ name: 'sailboat' }] })
  expect((await runCli(['runs', project, '--json'])).json()).toMatchObject({
    runs: [{ id: 'r1', name: 'long', status: 'running', best: { epoch: expect.any(Number) } }],
  })
  expect((await runCli(['undo', project])).stdout).toMatch(/^Undone: .*sailboat/)
  expect((await runCli(['resume', project, 'long', '--json'])).json()).toMatchObject({ error: { code: 'run-active' } })

  // The owner ends its run and then itself: the project is free again.
  child.send('cancel')
  expect((await once(child, 'exit'))[0]).toBe(0)
  expect((await runCli(['runs', project, '--json'])).json()).toMatchObject({ runs: [{ status: 'cancelled' }] })
})

test('after kill -9 of the owner the next command takes over, and the run continues without gap or double row', async () => {
  const child = await startOwner()
  const { pid } = JSON.parse(readFileSync(join(project, 'core.lock'), 'utf8')) as { pid: number }
  expect(pid).toBe(child.pid)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect((await runCli(['runs', project, '--json'])).json()).toMatchObject({
    runs: [{ id: 'r1', status: 'interrupted' }],
  })

  const core = await connectProject(testPorts({ startWorker: () => forkWorker(worker) }), project)
  const before = await lossSteps(core.api)
  const { job } = await core.api.runs.resume({ run: 'r1' })
  while (Math.max(...(await lossSteps(core.api))) < before.length + 15)
    await new Promise((next) => setTimeout(next, 50))
  await core.api.runs.cancel({ run: 'r1' })
  expect(await core.api.jobs.wait({ job })).toMatchObject({ status: 'cancelled' })
  const steps = await lossSteps(core.api)
  expect(steps).toEqual(Array.from({ length: steps.length }, (_, i) => i + 1))
  await core.close()
})

test('several commands at once share one owner', async () => {
  const results = await Promise.all(
    Array.from({ length: 4 }, (_, i) => runCli(['labels', project, 'add', `label ${i}`, '--json'])),
  )
  expect(results.map(({ code, stdout, stderr }) => (code === 0 ? 0 : stdout + stderr))).toEqual([0, 0, 0, 0])
  const { labels } = (await runCli(['info', project, '--json'])).json() as { labels: { name: string }[] }
  expect(labels.map((label) => label.name).sort()).toEqual(['boat', 'label 0', 'label 1', 'label 2', 'label 3'])
})
