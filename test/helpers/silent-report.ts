/** A worker's voice that only remembers. */
import type { WorkerReport } from '../../src-worker/report'

type Detections = Parameters<WorkerReport['detections']>[0]

export function silentReport() {
  const logs: string[] = []
  const detections: Detections[] = []
  const classes: string[][] = []
  const report = {
    progress: () => {},
    log: (_level: string, message: string) => void logs.push(message),
    classes: (names: string[]) => void classes.push(names),
    detections: (payload: Detections) => void detections.push(payload),
  }
  return { report, logs, detections, classes }
}
