/** An exported model with all that somebody needs who gets nothing else: its card, and programs that use it. */
import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { nodePackages, pythonPackages } from '@shared/catalog/detector-snippet'
import { zipFolder } from '../media/zip-folder'
import type { Store } from '../store/store'
import type { JobContext } from './define-job'
import { modelCard } from './model-card'
import { snippets } from './snippets'

/**
 * Writes `<file without .onnx>.zip` beside an exported file, replacing an older one: the model, README.md and card.json
 * (the model card), detect.mjs or denoise.mjs with package.json, the same in Python with requirements.txt. Answers its path.
 */
export async function bundleModel(
  store: Store,
  { run, file, licence }: { run: string; file: string; licence: string | null },
  context: Pick<JobContext, 'signal' | 'log'>,
): Promise<string> {
  const out = `${file.replace(/\.onnx$/i, '')}.zip`
  const folder = `${out}.${randomUUID()}.part`
  try {
    await mkdir(folder, { recursive: true })
    await copyFile(file, join(folder, basename(file)))
    const { markdown, json } = modelCard(store, run, licence)
    const write = (name: string, text: string) => writeFile(join(folder, name), text)
    await write('card.json', `${JSON.stringify(json, null, 2)}\n`)
    const programs = await readPrograms(file, context)
    await write('README.md', programs ? `${markdown}\n${usage(programs.name)}` : markdown)
    if (programs) {
      await write(`${programs.name}.mjs`, programs.node)
      await write('package.json', `${JSON.stringify({ private: true, dependencies: nodePackages }, null, 2)}\n`)
      await write(`${programs.name}.py`, programs.python)
      await write('requirements.txt', `${pythonPackages.join('\n')}\n`)
    }
    await zipFolder(folder, out, context.signal)
    return out
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** null: no program is written for this kind of model; the log says why. */
async function readPrograms(file: string, { log }: Pick<JobContext, 'log'>) {
  try {
    return snippets(file)
  } catch (error) {
    if (!(error instanceof TagwrightError)) throw error
    log('warning', `The bundle has no programs: ${error.message}`)
    return null
  }
}

const usage = (name: string) => `## Use

Node.js 20 or newer:

\`\`\`
npm install
node ${name}.mjs photo.jpg
\`\`\`

Python 3.9 or newer:

\`\`\`
pip install -r requirements.txt
python ${name}.py photo.jpg
\`\`\`
`
