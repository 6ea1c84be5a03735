/** UTF-8 in and out. TextDecoder and TextEncoder exist in every host; only their types are missing in pure ECMAScript. */
declare const TextDecoder: new (label?: string, options?: { fatal?: boolean }) => { decode(bytes: Uint8Array): string }
declare const TextEncoder: new () => { encode(text: string): Uint8Array }

const utf8 = new TextDecoder('utf-8')
const encoder = new TextEncoder()

/** Bytes to text. A byte-order mark is dropped; UTF-16 is recognised by its mark; broken bytes become U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  return utf8.decode(bytes)
}

export const encodeText = (text: string): Uint8Array => encoder.encode(text)
