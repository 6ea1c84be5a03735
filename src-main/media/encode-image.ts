/** RGB bytes to image files. */
import sharp from 'sharp'

/** @param pixels rows of width * 3; @param quality JPEG quality 1..100. */
export function encodeJpeg(pixels: Uint8Array, width: number, height: number, quality = 90): Promise<Buffer> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer()
}

/** Lossless; fast rather than small. */
export function encodePng(pixels: Uint8Array, width: number, height: number): Promise<Buffer> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 3, adaptiveFiltering: true })
    .toBuffer()
}
