/** Every service of the core by name. The window, the CLI and attached processes use `client(contracts, wire)`. */
import { annotationsContract } from './annotations'
import { datasetsContract } from './datasets'
import { historyContract } from './history'
import { jobsContract } from './jobs'
import { labelsContract } from './labels'
import { projectContract } from './project'
import { runsContract } from './runs'
import { samplesContract } from './samples'
import { systemContract } from './system'

export const contracts = {
  system: systemContract,
  project: projectContract,
  labels: labelsContract,
  samples: samplesContract,
  annotations: annotationsContract,
  datasets: datasetsContract,
  history: historyContract,
  jobs: jobsContract,
  runs: runsContract,
}
export type StudioContracts = typeof contracts
