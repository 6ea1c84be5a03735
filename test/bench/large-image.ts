import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPyramid, tileSize } from '../../src-main/media/pyramid'
import { describeLoad, describeMachine, readOption, type BenchContext } from './context'
import { writeLargeTiff } from './write-large-tiff'

/**
 * Opens a generated TIFF: the time to the first word of progress, to the coarsest tile and to a screen of tiles one
 * level below the whole view, the time until all tiles are there, and the memory it took.
 * `-- --side 40000 --layout striped|tiled --compression none|deflate --file keep.tif --first` (`--first`: stop before
 * all tiles are made).
 */
export async function run({ args, json }: BenchContext): Promise<void> {
  const side = Number(readOption(args, 'side', '40000'))
  const layout = readOption(args, 'layout', 'striped') as 'striped' | 'tiled'
  const compression = readOption(args, 'compression', 'none') as 'none' | 'deflate'
  const folder = mkdtempSync(join(tmpdir(), 'tagwright-bench-'))
  const file = readOption(args, 'file', join(folder, 'large.tif'))
  try {
    if (!existsSync(file)) writeLargeTiff(file, { side, layout, compression, predictor: compression === 'deflate' })
    let top = 0
    const watch = setInterval(() => (top = Math.max(top, process.memoryUsage().rss)), 50)
    let firstProgress = Infinity
    const started = performance.now()
    const since = () => Math.round(performance.now() - started)
    const pyramid = createPyramid({
      file,
      width: side,
      height: side,
      cacheFolder: join(folder, 'tiles'),
      name: 'a',
      onProgress: () => (firstProgress = Math.min(firstProgress, since())),
    })
    const built = pyramid.build()
    const last = pyramid.levels.length - 1
    const coarse = await pyramid.tile(last, 0, 0)
    const coarseMs = since()
    // What a window of 1280 x 800 asks for when it shows the whole image.
    const level = pyramid.levels.findLastIndex(({ width }) => width >= 800)
    const view: string[] = []
    for (let row = 0; row * tileSize < pyramid.levels[level].height; row++) {
      for (let column = 0; column * tileSize < pyramid.levels[level].width; column++)
        view.push((await pyramid.tile(level, column, row)).kind)
    }
    const viewMs = since()
    const topFirst = top
    if (!args.includes('--first')) await built
    clearInterval(watch)
    const figures = {
      side,
      layout,
      compression,
      firstProgressMs: firstProgress,
      coarse: coarse.kind,
      coarseMs,
      view: view.every((kind) => kind !== 'pending') ? `${view.length} tiles` : 'pending',
      viewMs,
      mebibytesFirst: Math.round(topFirst / 2 ** 20),
      allTilesMs: args.includes('--first') ? null : since(),
      mebibytes: Math.round(top / 2 ** 20),
      state: pyramid.state,
      load: describeLoad(),
      machine: describeMachine(),
    }
    if (json) console.log(JSON.stringify(figures))
    else console.log(figures)
    if (args.includes('--first')) process.exit()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
