/** Every service of the core by name. The window, the CLI and attached processes use `client(contracts, wire)`. */
import { jobsContract } from './jobs'
import { runsContract } from './runs'
import { systemContract } from './system'

export const contracts = {
  system: systemContract,
  jobs: jobsContract,
  runs: runsContract,
}
export type StudioContracts = typeof contracts
