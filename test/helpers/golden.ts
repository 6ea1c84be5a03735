/** Reads a folder of golden values: manifest.json and tensors.bin. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Golden {
  get(name: string): Float32Array
  shape(name: string): number[]
  /** Tensors below a prefix, by the rest of their names. */
  group(prefix: string): Map<string, Float32Array>
}

export function readGolden(folder: string): Golden {
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
    tensors: Record<string, { shape: number[]; offset: number }>
  }
  const bytes = readFileSync(join(folder, 'tensors.bin'))
  const get = (name: string): Float32Array => {
    const { shape, offset } = manifest.tensors[name]
    const count = shape.reduce((a, b) => a * b, 1)
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + offset + 4 * count))
  }
  return {
    get,
    shape: (name) => manifest.tensors[name].shape,
    group: (prefix) =>
      new Map(
        Object.keys(manifest.tensors)
          .filter((key) => key.startsWith(`${prefix}/`))
          .map((key) => [key.slice(prefix.length + 1), get(key)]),
      ),
  }
}
