import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ports } from '../../src-main/host/ports'

/** A host without workers; give `startWorker` where a test needs one. */
export const testPorts = (ports: Partial<Ports> = {}): Ports => ({
  host: 'cli',
  version: '0.0.0-test',
  nativeDialogs: false,
  ui: null,
  readThread: null,
  folders: { config: null, projects: join(tmpdir(), 'tagwright-projects') },
  reveal: null,
  startsQueuedJobs: true,
  keeperDelay: 0,
  startWorker: () => {
    throw new Error('This test starts no worker.')
  },
  log: () => {},
  ...ports,
})
