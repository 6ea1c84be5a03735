#!/usr/bin/env node
// Native modules of this project crash on older Node versions; say so before anything loads.
const major = Number(process.versions.node.split('.')[0])
if (major < 22) {
  console.error(
    `tagwright needs Node 22 or newer and was started with ${process.versions.node}. ` +
      'Start it with "npx tagwright" or "npm run -s tagwright --" from the project folder: both use the pinned Node 24.',
  )
  process.exit(1)
}
// Compiled code is kept between calls: a command then starts in half the time.
;(await import('node:module')).enableCompileCache?.()
await import('../out/main/cli.js')
