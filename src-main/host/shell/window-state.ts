/** Where the window was, kept for the next start. */
import { join } from 'node:path'
import { z } from 'zod'
import { readUserFile, writeUserFile } from '../../store/user-file'

const stateSchema = z.object({
  x: z.int(),
  y: z.int(),
  width: z.int(),
  height: z.int(),
  maximized: z.boolean(),
  fullScreen: z.boolean(),
})
export type WindowState = z.infer<typeof stateSchema>
export interface Rectangle {
  x: number
  y: number
  width: number
  height: number
}

/** The smallest size at which every part of the window is usable. */
export const leastSize = { width: 960, height: 600 }
const usualSize = { width: 1440, height: 900 }

export function loadWindowState(config: string | null): WindowState | null {
  return config === null ? null : readUserFile(join(config, 'window.json'), stateSchema)
}

export function saveWindowState(config: string | null, state: WindowState): void {
  if (config === null) return
  try {
    writeUserFile(join(config, 'window.json'), state)
  } catch {
    // A full disk costs the memory of a place, nothing else.
  }
}

/**
 * Where to show it on the screens there are now. A monitor may have gone since: enough of the title bar to drag it must
 * be visible, else the system places the window.
 */
export function fitWindow(state: WindowState | null, screens: readonly Rectangle[]): Partial<Rectangle> {
  const largest = screens.reduce((best, screen) => (screen.width > best.width ? screen : best), screens[0])
  if (!state) {
    return {
      width: Math.min(usualSize.width, largest?.width ?? usualSize.width),
      height: Math.min(usualSize.height, largest?.height ?? usualSize.height),
    }
  }
  const width = Math.max(leastSize.width, state.width)
  const height = Math.max(leastSize.height, state.height)
  const isVisible = screens.some(
    ({ x, y, width: w, height: h }) =>
      Math.min(state.x + width, x + w) - Math.max(state.x, x) >= 100 && state.y >= y && state.y <= y + h - 40,
  )
  return isVisible ? { x: state.x, y: state.y, width, height } : { width, height }
}
