/** The built window as files: which one an address means, and under which policy it runs. */
import { realpathSync, statSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import type { SentFile } from './send-file'

/**
 * The window loads nothing but itself. naive-ui writes style elements, hence inline styles; workers and images may come
 * from blobs that the window made.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "font-src 'self' data:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "object-src 'none'",
  "frame-src 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** On every answer of every host. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(self), clipboard-read=(self), geolocation=(), microphone=(), usb=(), payment=()',
}

const mimes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
}

/**
 * The file of the built window that an address means; null: there is none.
 * @param folder what electron-vite made of src-renderer
 * @param pathname of the URL, still percent-encoded
 */
export function windowFile(folder: string, pathname: string): SentFile | null {
  let path: string
  try {
    path = decodeURIComponent(pathname)
  } catch {
    return null
  }
  if (path === '/') path = '/index.html'
  // Names that the bundler gives: no hidden files, no way up, no drive letters, no other separators.
  if (!/^(?:\/[\w-][\w.-]*)+$/.test(path)) return null
  const mime = mimes[extname(path)]
  if (!mime) return null
  try {
    const root = realpathSync(folder)
    const file = realpathSync(join(root, path))
    if (!file.startsWith(root + sep) || !statSync(file).isFile()) return null
    // Names in assets/ carry a hash of their content.
    const cache = path.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'private, no-cache'
    return { path: file, mime, cache }
  } catch {
    return null
  }
}
