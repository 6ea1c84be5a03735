import { resolve } from 'node:path'
import { buildIfOlder } from '../../scripts/build-if-older.mjs'

/** vitest globalSetup of the tiers that start built entries (`out/main/*.js`): builds when a source is newer. */
export default function buildOnce(): void {
  buildIfOlder(resolve(import.meta.dirname, '../..'))
}
