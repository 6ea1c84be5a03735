import { openImage } from './render-image'
import { imageKind, whyNotDecoded } from './image-kind'

/**
 * The 64-bit difference hash (dHash) as 16 hex digits: the upright image in 9 x 8 grey pixels, one bit for each pixel
 * that is darker than its right neighbour, row by row, most significant bit first. Similar images differ in few bits.
 * @param from a small picture of the file is enough. Null when it cannot be decoded.
 */
export async function differenceHash(from: string): Promise<string | null> {
  try {
    if (whyNotDecoded(imageKind(from))) return null
    const { data, info } = await (
      await openImage(from)
    )
      .toColourspace('srgb')
      .flatten({ background: '#ffffff' })
      .greyscale()
      .resize({ width: 9, height: 8, fit: 'fill' })
      .raw()
      .toBuffer({ resolveWithObject: true })
    let bits = 0n
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) {
        const at = (y * 9 + x) * info.channels
        bits = (bits << 1n) | (data[at] < data[at + info.channels] ? 1n : 0n)
      }
    }
    return bits.toString(16).padStart(16, '0')
  } catch {
    return null
  }
}
