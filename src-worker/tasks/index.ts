import type { TaskId } from '@shared/domain/task'
import { classify } from './classify'
import { denoise } from './denoise'
import { detect } from './detect'
import { pose } from './pose'
import type { WorkerTask } from './worker-task'

/** A task without its part here does not compile. */
export const workerTasks: Readonly<Record<TaskId, WorkerTask>> = { classify, denoise, detect, pose }
