import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * When a process was started, as text that is equal for the same process and different for a later one with the same id.
 * null: there is no such process. `'unknown'`: it exists, but the system does not tell.
 */
export function processStart(pid: number): string | null {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it exists and belongs to someone else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return null
  }
  try {
    switch (process.platform) {
      case 'linux':
        return linuxStart(pid)
      case 'win32':
        return run('powershell.exe', ['-NoProfile', '-Command', `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`])
      default:
        return run('ps', ['-o', 'lstart=', '-p', String(pid)])
    }
  } catch {
    return 'unknown'
  }
}

/** Ticks since boot (field 22 of proc(5) stat) and the boot they count from. A zombie has ended. */
function linuxStart(pid: number): string | null {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The program's name in field 2 may hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return null
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`
}

function run(program: string, args: string[]): string {
  const env = { ...process.env, LC_ALL: 'C' }
  return execFileSync(program, args, { encoding: 'utf8', timeout: 5000, env, windowsHide: true }).trim() || 'unknown'
}
