/** A folder that a format writes into. Every file appears whole or not at all; originals are never written to. */
import { constants, createWriteStream, existsSync, readdirSync, type WriteStream } from 'node:fs'
import { copyFile, rename, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { dirname, join, resolve } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import type { FormatSink } from '@shared/catalog/format'
import type { DatasetIssue, DatasetSample } from '@shared/domain/dataset'
import { makeFolder } from './make-folder'
import { probeImage } from './probe-image'

export interface NodeSinkOptions {
  /** Files of the same name are replaced. */
  force: boolean
  /** false: images stay where they are. */
  copyImages: boolean
  /** Absolute path of a sample's image, or of its pair. */
  imageFile(sample: DatasetSample, which: 'image' | 'pair'): string
  /** Absolute paths that are never written to. */
  originals: ReadonlySet<string>
  report(issue: DatasetIssue): void
  signal?: AbortSignal
}

export interface NodeSink extends FormatSink {
  readonly written: { files: number; images: number; turnedImages: number }
}

/** Throws `folder-not-empty` before anything is written, unless `force`. */
export async function createSink(folder: string, options: NodeSinkOptions): Promise<NodeSink> {
  const root = resolve(folder)
  if (!options.force && existsSync(root) && readdirSync(root).length > 0) {
    throw new TagwrightError(
      'folder-not-empty',
      `${root} is not empty. Choose another folder, or replace files of the same name with --force.`,
      { folder: root },
    )
  }
  const written = { files: 0, images: 0, turnedImages: 0 }
  const folders = new Set<string>()
  const target = async (path: string): Promise<string> => {
    options.signal?.throwIfAborted()
    const file = join(root, path)
    if (options.originals.has(file)) {
      throw new TagwrightError(
        'would-overwrite',
        `${file} is an image of this project and is not written to. Export to another folder.`,
        { file },
      )
    }
    const parent = dirname(file)
    if (!folders.has(parent)) makeFolder(parent)
    folders.add(parent)
    return file
  }
  const finish = async (temporary: string, file: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
      await rename(temporary, file)
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      throw describe(error, file)
    }
  }
  return {
    written,
    async write(path, text) {
      const file = await target(path)
      const temporary = `${file}.part`
      await finish(temporary, file, () => writeFile(temporary, text))
      written.files++
    },
    async open(path) {
      const file = await target(path)
      const temporary = `${file}.part`
      const stream = createWriteStream(temporary)
      let failure: unknown = null
      stream.on('error', (error) => (failure = error))
      const check = () => {
        if (failure) throw describe(failure, file)
      }
      return {
        async write(text) {
          check()
          options.signal?.throwIfAborted()
          if (!stream.write(text) && !stream.closed) await drained(stream)
          check()
        },
        async close() {
          check()
          await finish(temporary, file, async () => {
            stream.end()
            if (!stream.closed) await once(stream, 'close')
            if (failure) throw failure instanceof Error ? failure : new Error(String(failure))
          })
          written.files++
        },
      }
    },
    async image(sample, path, which = 'image') {
      if (!options.copyImages) return
      const from = options.imageFile(sample, which)
      if (from === join(root, path)) return
      const file = await target(path)
      const probe = await probeImage(from)
      if (probe.state === 'missing') {
        options.report({
          level: 'warning',
          code: 'image-missing',
          message: `${from} is not there, so it is not copied. Restore it and export again.`,
          file: path,
        })
        return
      }
      if ((probe.orientation ?? 1) !== 1) written.turnedImages++
      const temporary = `${file}.part`
      await finish(temporary, file, () => copyFile(from, temporary, constants.COPYFILE_FICLONE))
      written.images++
    },
    report: options.report,
  }
}

/** Until the stream takes more, or has failed and closed; its listeners go with it. */
const drained = (stream: WriteStream): Promise<void> =>
  new Promise((go) => {
    const done = () => {
      stream.off('drain', done)
      stream.off('close', done)
      go()
    }
    stream.on('drain', done)
    stream.on('close', done)
  })

function describe(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOSPC') {
    return new TagwrightError(
      'disk-full',
      `The disk is full: ${file} could not be written. Free some space and export again.`,
      { file },
      { cause: error },
    )
  }
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return new TagwrightError(
      'not-writable',
      `${file} could not be written (${code}). Choose another folder.`,
      { file },
      { cause: error },
    )
  }
  return error
}
