/** The person's folder of start weights: `<name>.onnx`, `<name>.ckpt`, and `weights.json` with what is known about them. */
import { constants } from 'node:fs'
import { copyFile, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import { z } from 'zod'
import { TagwrightError } from '@shared/base/errors'
import { findPublished, publishedWeights, type PublishedWeights } from '@shared/catalog/start-weights'
import type { Weights } from '@shared/contract/weights'
import { decodeOnnxInfo } from '@shared/engine/onnx/decode-info'
import { readUserFile, writeUserFile } from '../store/user-file'
import { hashFile } from '../media/hash-file'
import { downloadFile, fetchedSoFar, forget } from './download-file'

const notesSchema = z.record(
  z.string(),
  z.object({ sha256: z.string(), licence: z.string().nullable(), addedAt: z.string() }),
)
type Notes = z.infer<typeof notesSchema>

const endings = ['.onnx', '.ckpt']

export class WeightsFolder {
  readonly folder: string
  private readonly published: ReadonlyMap<string, PublishedWeights>

  /** The folder is made when something comes into it. */
  constructor(folder: string, published = publishedWeights) {
    this.folder = folder
    this.published = published
  }

  async list(): Promise<Weights[]> {
    const files = await this.files()
    const notes = this.notes()
    const known = await Promise.all([...this.published.keys()].map((name) => this.describe(name, files, notes)))
    const own = [...files.keys()].filter((name) => !this.published.has(name)).sort()
    return [...known, ...(await Promise.all(own.map((name) => this.describe(name, files, notes))))]
  }

  /** Path of the weights of this name; null: there are none. @throws `weights-not-here` for published ones not fetched yet. */
  async find(name: string): Promise<string | null> {
    const file = (await this.files()).get(name)
    if (file) return file
    if (!this.published.has(name)) return null
    throw new TagwrightError(
      'weights-not-here',
      `The weights "${name}" are not on this machine yet. Get them: tagwright weights get ${name}`,
      { name },
    )
  }

  /** Throws as download-file.ts does, `unknown-id`, and `bad-model` when what came is no ONNX file. */
  async get(
    name: string,
    { signal, onProgress }: { signal: AbortSignal; onProgress(done: number, total: number | null): void },
  ): Promise<Weights> {
    const { url, bytes, sha256, licence } = findPublished(name, this.published)
    const target = join(this.folder, `${name}.onnx`)
    if (!(await this.files()).has(name)) {
      await this.make()
      const fetched = `${target}.new`
      const came = await downloadFile({ url, file: fetched, bytes, sha256, signal, onProgress })
      try {
        decodeOnnxInfo(await readFile(fetched))
        await rename(fetched, target)
      } catch (error) {
        await rm(fetched, { force: true })
        throw error
      }
      this.note(name, { sha256: came.sha256, licence, addedAt: new Date().toISOString() })
    }
    return this.one(name)
  }

  async add(path: string, given?: string): Promise<Weights> {
    const source = resolve(path)
    const ending = extname(source).toLowerCase()
    const info = await stat(source).catch(() => null)
    if (!info?.isFile()) {
      throw new TagwrightError('not-found', `The file ${source} does not exist. Check the path.`, { file: source })
    }
    if (!endings.includes(ending)) {
      throw new TagwrightError(
        'bad-model',
        `${source} is neither an ONNX file (.onnx) nor a checkpoint of this program (.ckpt). Weights of other kinds are exported to ONNX first.`,
        { file: source },
      )
    }
    const licence = ending === '.onnx' ? await inspectOnnx(source) : await inspectCheckpoint(source)
    const sha256 = await hashFile(source)
    const official = [...this.published].find(([, one]) => one.sha256 === sha256)?.[0]
    const name = given ?? official ?? basename(source, extname(source))
    if (this.published.has(name) && name !== official) {
      throw new TagwrightError(
        'exists',
        `"${name}" is the name of published weights, and ${source} is another file. Give it a name of its own: tagwright weights add <file> --name <name>`,
        { name },
      )
    }
    const before = (await this.files()).get(name)
    if (before && (await hashFile(before)) !== sha256) {
      throw new TagwrightError(
        'exists',
        `There are other weights named "${name}" already. Remove them (tagwright weights remove ${name}) or choose another name with --name.`,
        { name, file: before },
      )
    }
    if (!before) {
      await this.make()
      const target = join(this.folder, `${name}${ending}`)
      await copyWhole(source, target)
      if (official === name) await forget(`${target}.new`)
      this.note(name, { sha256, licence, addedAt: new Date().toISOString() })
    }
    return this.one(name)
  }

  async remove(name: string): Promise<void> {
    const file = (await this.files()).get(name)
    const fetched = join(this.folder, `${name}.onnx.new`)
    const isPartial = this.published.has(name) && (await fetchedSoFar(fetched)) > 0
    if (!file && !isPartial) {
      throw new TagwrightError('not-found', `There are no weights "${name}" on this machine. List them: tagwright weights list`, { name }) // prettier-ignore
    }
    if (file) await rm(file, { force: true })
    if (isPartial) await forget(fetched)
    const { [name]: _, ...rest } = this.notes()
    writeUserFile(this.notesFile, rest)
  }

  private async one(name: string): Promise<Weights> {
    return this.describe(name, await this.files(), this.notes())
  }

  private async describe(name: string, files: ReadonlyMap<string, string>, notes: Notes): Promise<Weights> {
    const published = this.published.get(name)
    const file = files.get(name) ?? null
    const note = file ? notes[name] : undefined
    const size = file ? (await stat(file)).size : null
    const have = size ?? (await fetchedSoFar(join(this.folder, `${name}.onnx.new`)))
    const sha256 = published?.sha256 ?? note?.sha256 ?? null
    return {
      name,
      title: published?.title ?? name,
      published: published !== undefined,
      state: file ? 'here' : have > 0 ? 'partial' : 'absent',
      file,
      bytes: size ?? published?.bytes ?? null,
      have,
      sha256,
      checked: note !== undefined && published?.sha256 === note.sha256,
      model: published?.model ?? null,
      page: published?.page ?? null,
      url: published?.url ?? null,
      licence: published?.licence ?? note?.licence ?? null,
      data: published?.data ?? null,
      size: published?.size ?? null,
      ap: published?.ap ?? null,
      addedAt: file ? (note?.addedAt ?? (await stat(file)).mtime.toISOString()) : null,
    }
  }

  /** Makes the folder. @throws `not-writable`. */
  async make(): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true })
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      throw new TagwrightError(
        'not-writable',
        `The folder ${this.folder} cannot be made (${code}). Set TAGWRIGHT_WEIGHTS to another folder.`,
        { folder: this.folder, reason: code },
        { cause },
      )
    }
  }

  /** Paths by name. */
  private async files(): Promise<Map<string, string>> {
    const names = await readdir(this.folder).catch(() => [])
    const models = names.filter((file) => endings.includes(extname(file).toLowerCase()))
    return new Map(models.map((file) => [file.slice(0, -extname(file).length), join(this.folder, file)]))
  }

  private get notesFile(): string {
    return join(this.folder, 'weights.json')
  }

  private notes(): Notes {
    return readUserFile(this.notesFile, notesSchema) ?? {}
  }

  private note(name: string, note: Notes[string]): void {
    writeUserFile(this.notesFile, { ...this.notes(), [name]: note })
  }
}

/** @returns the licence that the file states. @throws `bad-model`, `external-data`. */
async function inspectOnnx(file: string): Promise<string | null> {
  const { externalFiles, metadata } = decodeOnnxInfo(await readFile(file))
  if (externalFiles.length > 0) {
    throw new TagwrightError(
      'external-data',
      `${file} keeps its weights in other files (${externalFiles.slice(0, 3).join(', ')}). Use it where it lies, by its path, or save it as one file first.`,
      { file, externalFiles },
    )
  }
  return metadata.get('license') ?? metadata.get('licence') ?? null
}

async function inspectCheckpoint(file: string): Promise<null> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1 << 16), 0, 1 << 16, 0)
    if (buffer.subarray(0, bytesRead).includes('tagwright-checkpoint')) return null
    throw new TagwrightError('bad-model', `${file} is no checkpoint of this program. Export it to ONNX and add that.`, {
      file,
    })
  } finally {
    await handle.close()
  }
}

async function copyWhole(source: string, target: string): Promise<void> {
  const temporary = `${target}.${process.pid}.part`
  try {
    await copyFile(source, temporary, constants.COPYFILE_FICLONE)
    const handle = await open(temporary, 'r+')
    await handle.sync()
    await handle.close()
    await rename(temporary, target)
  } catch (cause) {
    await rm(temporary, { force: true })
    const { code } = cause as NodeJS.ErrnoException
    throw new TagwrightError(
      code === 'ENOSPC' ? 'disk-full' : 'not-writable',
      `${target} could not be written (${code}). Free some space, or set TAGWRIGHT_WEIGHTS to another folder.`,
      { file: target, reason: code },
      { cause },
    )
  }
}
