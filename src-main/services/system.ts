import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { arch, availableParallelism, cpus, freemem, platform, release, totalmem } from 'node:os'
import { toErrorShape } from '@shared/base/errors'
import { contractVersion, type Doctor, type ProviderProbe, type systemContract } from '@shared/contract/system'
import type { ServiceHandlers } from '@shared/contract/rpc'
import { callWorker } from '../jobs/call-worker'
import type { JobDeps } from '../jobs/job-deps'

export interface SystemInfo {
  host: 'cli' | 'browser' | 'electron'
  version: string
  nativeDialogs: boolean
  revealInFolder: boolean
}

const gigabyte = 1e9

export function createSystemService(deps: JobDeps, info: SystemInfo): ServiceHandlers<typeof systemContract> {
  const project = () => deps.store()?.folder ?? null
  return {
    version: () => ({ version: info.version, contract: contractVersion, pid: process.pid, project: project() }),
    capabilities: () => ({
      host: info.host,
      project: project(),
      nativeDialogs: info.nativeDialogs,
      revealInFolder: info.revealInFolder,
      platform: platform(),
      version: info.version,
      training: true,
    }),
    async doctor(_, { signal }): Promise<Doctor> {
      const problems: Doctor['problems'] = []
      const versions: Doctor['versions'] = { tagwright: info.version, node: process.versions.node }
      const load = async (name: string, get: () => Promise<Record<string, string>>) => {
        try {
          Object.assign(versions, await get())
        } catch (error) {
          versions[name] = null
          const message = `${name} does not load: ${(error as Error).message}. Install the dependencies again: npm ci.`
          problems.push({ code: `${name}-missing`, message })
        }
      }
      await load('sqlite', async () => ({ sqlite: (await import('../store/sqlite-version')).sqliteVersion() }))
      await load('sharp', async () => (await import('../media/versions')).mediaVersions())
      let providers: ProviderProbe[] = []
      try {
        const context = { signal, report() {}, log() {} }
        const probe = await callWorker({ ...deps, context }, (worker, options) => worker.probe({}, options))
        Object.assign(versions, probe.versions)
        providers = probe.providers
        if (!providers.some((provider) => provider.available)) {
          problems.push({
            code: 'no-provider',
            message: 'No provider can compute on this machine; training will not start.',
          })
        }
      } catch (error) {
        const { code, message } = toErrorShape(error)
        problems.push({ code: `probe-${code}`, message: `The providers could not be probed: ${message}` })
      }
      const path = project() ?? process.cwd()
      const disk = await freeDisk(path)
      if (disk.free < 2 * gigabyte) {
        const free = (disk.free / gigabyte).toFixed(1)
        problems.push({
          code: 'disk-low',
          message: `${free} GB are free on the disk of ${path}; free some before training.`,
        })
      }
      const memory = { free: freemem(), total: totalmem() }
      if (memory.total < 4 * gigabyte) {
        const total = (memory.total / gigabyte).toFixed(1)
        problems.push({
          code: 'memory-low',
          message: `The machine has ${total} GB of memory; train with a small batch.`,
        })
      }
      const system = {
        platform: platform(),
        arch: arch(),
        release: release(),
        cpu: cpus()[0]?.model.trim() ?? 'unknown',
        cores: availableParallelism(),
      }
      return { versions, system, providers, disk, memory, problems }
    },
  }
}

async function freeDisk(path: string): Promise<Doctor['disk']> {
  const { bavail, blocks, bsize } = await statfs(existsSync(path) ? path : '.')
  return { path, free: bavail * bsize, total: blocks * bsize }
}
