import sharp from 'sharp'

/** Versions of the image decoder and of the library inside it. */
export const mediaVersions = (): Record<string, string> => ({
  sharp: sharp.versions.sharp ?? '',
  libvips: sharp.versions.vips,
})
