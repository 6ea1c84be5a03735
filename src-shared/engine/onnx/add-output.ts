/** One more output for a model file, without reading or writing the rest of it. */
import { encodeText } from '../../base/text'

/**
 * Appends a message that a reader merges into the first: `graph { output { name } }`. Repeated fields of messages that are
 * merged are joined (Protocol Buffers, "Last One Wins", rule of embedded messages); field numbers from onnx.proto. Types of
 * outputs may be left out: they are inferred.
 */
export function addOnnxOutput(model: Uint8Array, name: string): Uint8Array {
  const info = field(1, encodeText(name))
  const more = field(7, field(12, info))
  const out = new Uint8Array(model.length + more.length)
  out.set(model)
  out.set(more, model.length)
  return out
}

/** A length-delimited field. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  const head = [(number << 3) | 2]
  let rest = bytes.length
  for (; rest > 127; rest >>>= 7) head.push((rest & 127) | 128)
  head.push(rest)
  return Uint8Array.from([...head, ...bytes])
}
