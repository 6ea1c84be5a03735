import { readFile } from 'node:fs/promises'
import { TagwrightError } from '@shared/base/errors'

/** All bytes of an image file. @throws TagwrightError `image-missing` with the path in `details.file`. */
export async function readImageFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'is not there any more' : `cannot be opened (${code ?? String(error)})`
    throw new TagwrightError('image-missing', `Image ${file} ${reason}. Restore it or remove the sample.`, { file })
  }
}

/** What to throw for a file whose bytes are no picture: `image-unreadable` with the path in `details.file`. */
export function unreadableImage(file: string, error: unknown): TagwrightError {
  const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
  return new TagwrightError(
    'image-unreadable',
    `Image ${file} cannot be decoded: ${reason}. Replace the file or remove the sample.`,
    { file },
    { cause: error },
  )
}
