import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cliFile, runCli } from '../../helpers/run-cli'

let folder: string
let project: string
const at = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-cli-'))
  project = at('my project')
  mkdirSync(at('images'))
  const picture = sharp({ create: { width: 64, height: 48, channels: 3, background: '#336699' } })
  for (const name of ['a.png', 'b.png']) await picture.clone().toFile(join(at('images'), name))
  const images = ['a.png', 'b.png'].map((file_name, i) => ({
    id: i + 1,
    file_name: `images/${file_name}`,
    width: 64,
    height: 48,
  }))
  const box = (id: number, image_id: number, bbox: number[]) => ({ id, image_id, category_id: 3, bbox, area: bbox[2] * bbox[3], iscrowd: 0 }) // prettier-ignore
  const annotations = [box(1, 1, [10, 10, 20, 20]), box(2, 2, [5, 5, 30, 30])]
  writeFileSync(at('gt.json'), JSON.stringify({ images, annotations, categories: [{ id: 3, name: 'boat' }] }))
  const found = (image_id: number, bbox: number[], score: number) => ({ image_id, category_id: 3, bbox, score })
  writeFileSync(at('dt.json'), JSON.stringify([found(1, [10, 10, 20, 20], 0.9), found(2, [5, 5, 30, 24], 0.8)]))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const commands = ['init', 'import', 'info', 'labels', 'undo', 'redo', 'train', 'resume', 'runs', 'advise', 'eval', 'eval-coco', 'predict', 'denoise', 'split', 'export', 'export-data', 'report', 'model-card', 'compare', 'start', 'demo', 'doctor', 'serve'] // prettier-ignore

describe('help', () => {
  test.each(commands)('of %s shows examples that begin with it', async (command) => {
    const { code, stdout } = await runCli([command, '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`Examples:\n {2}\\$ tagwright ${command}`))
    expect(stdout).toContain('--json')
  })

  test('lists every command, and says the version', async () => {
    const { code, stdout } = await runCli(['--help'])
    expect(code).toBe(0)
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'))
    expect((await runCli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('a wrong call', () => {
  test.each([
    ['no command', [], 2],
    ['an unknown command', ['trian'], 2],
    ['an unknown option', ['info', 'x', '--fast'], 2],
    ['a missing argument', ['import'], 2],
    ['too many arguments', ['info', 'a', 'b'], 2],
    ['a choice that does not exist', ['import', 'a', 'b', '--split', 'half'], 2],
    ['a number that is none', ['train', 'a', '--epochs', 'many'], 2],
    ['more of nothing', ['advise', 'a', '--more', '0'], 2],
    ['no model', ['eval', 'a'], 2],
    ['two models', ['eval', 'a', '--run', 'r1', '--model', 'm.onnx'], 2],
    ['predict without images', ['predict', '--model', 'm.onnx'], 2],
    ['a run without its project', ['predict', 'a.jpg', '--run', 'r1'], 2],
    ['--set without =', ['train', 'a', '--set', 'epochs'], 2],
    ['a project that is not there', ['info', '/nowhere/at/all'], 1],
    ['a file where a folder is needed', ['init', import.meta.filename], 1],
    ['a file that is not there', ['eval-coco', '--gt', '/nowhere.json', '--dt', '/nowhere.json'], 1],
  ])('%s: says what to do on stderr, nothing on stdout; with --json one error document', async (_, args, expected) => {
    const plain = await runCli(args)
    expect([plain.code, plain.stdout]).toEqual([expected, ''])
    expect(plain.stderr.trim()).not.toBe('')
    expect(plain.stderr).not.toMatch(/\n\s+at /)
    if (args.length === 0) return
    const json = await runCli([...args, '--json'])
    expect(json.code).toBe(expected)
    expect(json.json()).toEqual({
      error: expect.objectContaining({ code: expect.any(String), message: expect.any(String) }),
    })
  })

  test('names the nearest recipe key', async () => {
    await runCli(['init', at('recipe')])
    const { code, stderr } = await runCli(['train', at('recipe'), '--set', 'epoch=3'])
    expect(code).toBe(2)
    expect(stderr).toContain('Did you mean "epochs"?')
    for (const key of ['model.id=yolo-nano', 'optimizer.id=adamx', 'augment=[{"id": "flop"}]', 'model.id=none.onnx']) {
      const wrong = await runCli(['train', at('recipe'), '--set', key])
      expect(wrong.code).not.toBe(0)
      expect(wrong.stderr).toMatch(/There is no (model|optimizer|augment)/)
    }
    // A run that cannot be is not kept.
    expect((await runCli(['runs', at('recipe'), '--json'])).json()).toEqual({ runs: [] })
    for (const key of ['__proto__.polluted=1', 'constructor.x=1']) {
      expect((await runCli(['train', at('recipe'), '--set', key])).stderr).toContain('has no key')
    }
  })
})

describe('a project from the command line', () => {
  test('init, import, info, labels, undo, redo, export-data', async () => {
    expect((await runCli(['init', project, '--name', 'Boats', '--json'])).json()).toMatchObject({
      name: 'Boats',
      folder: project,
    })
    const again = await runCli(['init', project, '--json'])
    expect([again.code, (again.json() as { error: { code: string } }).error.code]).toEqual([1, 'project-exists'])

    const imported = await runCli(['import', project, at('gt.json'), '--format', 'coco', '--split', 'test', '--json'])
    expect(imported.json()).toMatchObject({ samples: 2, annotations: 2, labels: 1, format: 'coco' })
    const labels = (await runCli(['labels', project, 'rename', 'boat', 'sailboat', '--json'])).json()
    expect(labels).toMatchObject({ labels: [{ name: 'sailboat', cocoId: 3 }] })
    expect((await runCli(['undo', project])).stdout).toMatch(/^Undone: .*boat/)
    expect((await runCli(['labels', project])).stdout).toContain('boat')
    expect((await runCli(['redo', project, '--json'])).json()).toMatchObject({ entry: { done: true } })
    expect((await runCli(['redo', project])).stdout).toBe('Nothing to redo.\n')
    expect((await runCli(['info', project, '--json'])).json()).toMatchObject({
      samples: { total: 2, splits: { test: 2 } },
      labels: [{ name: 'sailboat', annotations: 2 }],
    })
    expect((await runCli(['runs', project, '--json'])).json()).toEqual({ runs: [] })
    const out = await runCli(['export-data', project, '--format', 'yolo', '--out', 'yolo'], { cwd: folder })
    expect(out.code).toBe(0)
    expect(existsSync(at('yolo'))).toBe(true)
    expect(readdirSync(project)).not.toContain('core.lock')
  })

  test('eval --predictions equals eval-coco, character for character', async () => {
    const direct = await runCli(['eval-coco', '--gt', at('gt.json'), '--dt', at('dt.json')])
    expect(direct.stdout.split('\n')).toHaveLength(13)
    expect(direct.stdout).toMatch(
      /^ Average Precision {2}\(AP\) @\[ IoU=0\.50:0\.95 \| area= {3}all \| maxDets=100 \] = 0\.851$/m,
    )
    const table = await runCli(['eval', project, '--predictions', at('dt.json')])
    expect(table.stderr).toBe('')
    expect(table.stdout).toBe(direct.stdout)
    const [a, b] = [
      await runCli(['eval-coco', '--gt', at('gt.json'), '--dt', at('dt.json'), '--json']),
      await runCli(['eval', project, '--predictions', at('dt.json'), '--json']),
    ].map((result) => result.json() as { stats: number[] })
    expect(b.stats).toEqual(a.stats)
    expect(Object.keys(a)).toEqual(['coco', 'stats', 'perClass', 'images', 'seconds', 'thresholds'])
    expect(Object.keys(b)).toEqual(Object.keys(a))
  })

  test('an unknown run says which are known', async () => {
    const { code, stderr } = await runCli(['export', project, '--run', 'latest', '--out', at('x.onnx')])
    expect(code).toBe(1)
    expect(stderr).toBe('Error: There is no run "latest". There is none yet; start one with train.\n')
  })

  test('advise says what it needs', async () => {
    const unmeasured = await runCli(['advise', project, '--last'])
    expect([unmeasured.code, unmeasured.stderr]).toEqual([1, 'Error: No learning curves were measured yet. Measure them: tagwright advise <project>.\n']) // prettier-ignore
    const unknown = await runCli(['advise', project, '--weights', 'nothing', '--json'])
    expect(unknown.json()).toMatchObject({ error: { code: 'no-weights' } })
    const tooFew = await runCli(['advise', project, '--weights', at('none.onnx')])
    expect([tooFew.code, tooFew.stderr]).toEqual([1, expect.stringContaining('There is no usable image in train, val') as string]) // prettier-ignore
  })
})

describe('Ctrl-C', () => {
  test('ends with 3 and leaves nothing locked', async () => {
    const dir = at('demo')
    const demo = await runCli(['demo', '--dir', dir, '--images', '5000', '--json'], {
      onStderr: (text, kill) => {
        if (text.includes('Generating') && !text.includes('Stopping')) kill('SIGINT')
      },
    })
    expect(demo.code).toBe(3)
    expect(demo.json()).toMatchObject({ error: { code: 'cancelled' } })
  })

  test('is how serve ends well', async () => {
    const child = spawn(process.execPath, [cliFile, 'serve', project, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    for await (const part of child.stdout) {
      text += part
      if (text.includes('}')) break
    }
    const { url, port } = JSON.parse(text) as { url: string; port: number }
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(401)
    const first = await fetch(url, { redirect: 'manual' })
    const cookie = first.headers.get('set-cookie')!.split(';')[0]
    expect((await fetch(`http://127.0.0.1:${port}/media/1`, { headers: { cookie } })).headers.get('content-type')).toBe('image/png') // prettier-ignore
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(existsSync(join(project, 'core.lock'))).toBe(false)
  })
})

test('scripts/run.mjs prints nothing but the command', () => {
  const root = join(import.meta.dirname, '../../..')
  const text = execFileSync(process.execPath, [join(root, 'scripts/run.mjs'), 'eval-coco', '--gt', at('gt.json'), '--dt', at('dt.json'), '--json'], { cwd: root, encoding: 'utf8' }) // prettier-ignore
  expect(JSON.parse(text)).toMatchObject({ images: 2 })
})
