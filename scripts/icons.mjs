// Renders the drawn icon for the installers: `npx node scripts/icons.mjs`. electron-builder makes .ico and .icns of it.
import { join, resolve } from 'node:path'
import sharp from 'sharp'

const folder = join(resolve(import.meta.dirname, '..'), 'resources/build')
await sharp(join(folder, 'icon.svg'))
  .resize(1024, 1024)
  .png({ compressionLevel: 9, palette: true })
  .toFile(join(folder, 'icon.png'))
