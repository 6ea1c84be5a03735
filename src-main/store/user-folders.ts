/** Folders of the person, not of a project: where settings are kept and where new projects are proposed. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

export interface UserFolders {
  /** Settings and the list of recent projects; null: nothing is remembered. */
  config: string | null
  /** Where a new project is proposed. Neither folder need exist. */
  projects: string
  /** Where start weights are kept; default: `weights` beside the projects. */
  weights?: string
}

/** The system's convention; `TAGWRIGHT_CONFIG`, `TAGWRIGHT_PROJECTS` and `TAGWRIGHT_WEIGHTS` override it. */
export function userFolders(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): UserFolders {
  const config = () => {
    switch (platform) {
      case 'win32':
        return join(env.APPDATA ?? join(home, 'AppData/Roaming'), 'Tagwright')
      case 'darwin':
        return join(home, 'Library/Application Support/Tagwright')
      default:
        return join(env.XDG_CONFIG_HOME || join(home, '.config'), 'tagwright')
    }
  }
  return {
    config: resolve(env.TAGWRIGHT_CONFIG || config()),
    projects: resolve(env.TAGWRIGHT_PROJECTS || join(home, 'Tagwright')),
    ...(env.TAGWRIGHT_WEIGHTS ? { weights: resolve(env.TAGWRIGHT_WEIGHTS) } : {}),
  }
}
