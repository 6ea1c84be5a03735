/** A disk of its own for a test: full or read-only when told. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export interface SmallDisk {
  /** Takes all space that is left. */
  fill(): void
  /** Gives it back. */
  free(): void
  readOnly(on: boolean): void
  unmount(): void
}

/** Disks can be mounted by root on Linux only, and not in every container. */
export const canMount = process.platform === 'linux' && process.getuid?.() === 0

/** null: this system does not allow it. */
export function mountSmallDisk(folder: string, size = '4m'): SmallDisk | null {
  mkdirSync(folder, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return null
  }
  const ballast = join(folder, 'ballast')
  return {
    fill() {
      const fd = openSync(ballast, 'w')
      try {
        for (const size of [65536, 4096]) {
          const block = Buffer.alloc(size, 1)
          try {
            for (;;) writeSync(fd, block)
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
          }
        }
      } finally {
        closeSync(fd)
      }
    },
    free: () => rmSync(ballast, { force: true }),
    readOnly: (on) => void execFileSync('mount', ['-o', `remount,${on ? 'ro' : 'rw'}`, folder]),
    unmount: () => void execFileSync('umount', ['-l', folder]),
  }
}
