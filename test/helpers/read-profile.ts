/** Where ONNX Runtime placed the nodes of a profiled session. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export interface Placement {
  node: string
  op: string
  provider: string
}

/** @param folder holds one profile file. */
export function readProfile(folder: string): Placement[] {
  const [file] = readdirSync(folder)
  const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
    name: string
    args?: { provider?: string; op_name?: string }
  }[]
  return events.flatMap(({ name, args }) =>
    args?.provider ? [{ node: name, op: args.op_name ?? '', provider: args.provider }] : [],
  )
}
