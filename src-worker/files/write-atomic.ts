/** Whole files or nothing. */
import * as files from 'node:fs/promises'
import { dirname } from 'node:path'
import { atomicWriter } from '@shared/base/atomic-writer'

export const writeAtomic = atomicWriter(files, process.pid, dirname)
