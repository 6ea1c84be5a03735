import { extname } from 'node:path'

const types: Record<string, string> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.avif': 'image/avif',
  '.bmp': 'image/bmp',
}

/** MIME type of an image file by its ending; never one that a browser would run (SVG, HTML). */
export const mimeOf = (file: string): string => types[extname(file).toLowerCase()] ?? 'application/octet-stream'
