/** `--format` and `--option` of the commands that read and write data sets. */
import { TagwrightError } from '@shared/base/errors'

/** For the help; the catalog itself would be loaded for every command. */
export const formatNames =
  'coco, yolo, voc, deeplabcut, labelme, cvat, createml, label-studio, mpii, class-folders, image-pairs, images'

/** `key=value` texts as an object. Throws `usage`. */
export function parseFormatOptions(texts: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1).trim()]
      throw new TagwrightError('usage', `--option was given "${text}". Write key=value, e.g. --option label=mouse.`)
    }),
  )
}
