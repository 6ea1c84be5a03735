import type { Ports } from '../../src-main/host/ports'

/** A host without workers; give `startWorker` where a test needs one. */
export const testPorts = (ports: Partial<Ports> = {}): Ports => ({
  host: 'cli',
  version: '0.0.0-test',
  nativeDialogs: false,
  startsQueuedJobs: true,
  startWorker: () => {
    throw new Error('This test starts no worker.')
  },
  log: () => {},
  ...ports,
})
