/** Every service of the core by name. The window, the CLI and attached processes use `client(contracts, wire)`. */
import { annotationsContract } from './annotations'
import { assistContract } from './assist'
import { attributesContract } from './attributes'
import { curvesContract } from './curves'
import { datasetsContract } from './datasets'
import { filesContract } from './files'
import { foldersContract } from './folders'
import { historyContract } from './history'
import { jobsContract } from './jobs'
import { labelsContract } from './labels'
import { lintContract } from './lint'
import { liveContract } from './live'
import { mediaContract } from './media'
import { modelsContract } from './models'
import { predictionsContract } from './predictions'
import { projectContract } from './project'
import { projectsContract } from './projects'
import { resultsContract } from './results'
import { reviewContract } from './review'
import { runsContract } from './runs'
import { samplesContract } from './samples'
import { settingsContract } from './settings'
import { statisticsContract } from './statistics'
import { surgeryContract } from './surgery'
import { systemContract } from './system'
import { trainingContract } from './training'
import { weightsContract } from './weights'

export const contracts = {
  system: systemContract,
  project: projectContract,
  projects: projectsContract,
  files: filesContract,
  settings: settingsContract,
  labels: labelsContract,
  samples: samplesContract,
  annotations: annotationsContract,
  attributes: attributesContract,
  statistics: statisticsContract,
  lint: lintContract,
  datasets: datasetsContract,
  media: mediaContract,
  folders: foldersContract,
  history: historyContract,
  jobs: jobsContract,
  runs: runsContract,
  results: resultsContract,
  predictions: predictionsContract,
  live: liveContract,
  assist: assistContract,
  review: reviewContract,
  training: trainingContract,
  surgery: surgeryContract,
  models: modelsContract,
  weights: weightsContract,
  curves: curvesContract,
}
export type StudioContracts = typeof contracts
