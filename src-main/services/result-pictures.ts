/** Pictures that an evaluation of a denoiser has left: `evaluations/<id>` in the project. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { serveFile } from '../media/served-files'
import type { Store } from '../store/store'

const listSchema = z.array(
  z.object({ sample: z.int(), name: z.string(), width: z.int(), height: z.int(), levels: z.array(z.number()) }),
)

export const picturesOf = ({ folder }: Pick<Store, 'folder'>, evaluation: number): string =>
  join(folder, 'evaluations', String(evaluation))

/** Empty where there are none (any more). */
export function listPictures(store: Pick<Store, 'folder'>, evaluation: number) {
  const folder = picturesOf(store, evaluation)
  const list = join(folder, 'pictures.json')
  if (!existsSync(list)) return []
  return listSchema.parse(JSON.parse(readFileSync(list, 'utf8'))).flatMap(({ levels, ...picture }) => {
    const file = (name: string) => join(folder, `${picture.sample}-${name}.png`)
    const names = ['truth', ...levels.flatMap((level) => [`${level}-noisy`, `${level}-model`])]
    if (!names.every((name) => existsSync(file(name)))) return []
    const serve = (name: string) =>
      serveFile({ path: file(name), mime: 'image/png', name: `${picture.sample}-${name}.png` })
    return [
      {
        ...picture,
        truth: serve('truth'),
        levels: levels.map((level) => ({ level, noisy: serve(`${level}-noisy`), model: serve(`${level}-model`) })),
      },
    ]
  })
}
