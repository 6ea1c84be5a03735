/** Samples of 8 to 16 bits as TIFF packs them: most significant bit first, rows begin at a byte; 16 bits in file order. */

export const packedRowBytes = (width: number, bits: number): number => Math.ceil((width * bits) / 8)

/** @param to receives width * height values. @param from at least packedRowBytes * height bytes. */
export function unpackBits(
  from: Uint8Array,
  width: number,
  height: number,
  bits: number,
  littleEndian: boolean,
  to: Uint16Array,
): void {
  // prettier-ignore
  const rowBytes = packedRowBytes(width, bits)
  const mask = (1 << bits) - 1
  for (let y = 0, out = 0; y < height; y++) {
    let at = y * rowBytes
    if (bits === 16) {
      const [low, high] = littleEndian ? [0, 1] : [1, 0]
      for (let x = 0; x < width; x++, at += 2) to[out++] = from[at + low] | (from[at + high] << 8)
      continue
    }
    let [held, count] = [0, 0]
    for (let x = 0; x < width; x++) {
      while (count < bits) {
        held = ((held << 8) | from[at++]) & 0xffffff
        count += 8
      }
      count -= bits
      to[out++] = (held >> count) & mask
    }
  }
}

/** Undoes {@link unpackBits}; spare bits at the end of a row are 0. */
export function packBits(
  from: Uint16Array,
  width: number,
  height: number,
  bits: number,
  littleEndian: boolean,
): Uint8Array {
  // prettier-ignore
  const rowBytes = packedRowBytes(width, bits)
  const to = new Uint8Array(rowBytes * height)
  for (let y = 0, next = 0; y < height; y++) {
    let at = y * rowBytes
    if (bits === 16) {
      const [low, high] = littleEndian ? [0, 1] : [1, 0]
      for (let x = 0; x < width; x++, at += 2) {
        to[at + low] = from[next] & 255
        to[at + high] = from[next++] >> 8
      }
      continue
    }
    let [held, count] = [0, 0]
    for (let x = 0; x < width; x++) {
      held = ((held << bits) | from[next++]) & 0x3fffffff
      count += bits
      while (count >= 8) {
        count -= 8
        to[at++] = (held >> count) & 255
      }
    }
    if (count > 0) to[at] = (held << (8 - count)) & 255
  }
  return to
}
