import Database from 'better-sqlite3'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { applicationId, openDb, type WriteDb } from '../../../src-main/store/db'
import { backupDb, migrate, migrations } from '../../../src-main/store/migrate'
import { packIds } from '../../../src-main/store/id-set'
import { getSamples } from '../../../src-main/store/sample'
import { orderedSampleIds } from '../../../src-main/store/sample-order'
import { initStore, openReader, openStore } from '../../../src-main/store/store'
import { dumpStore, fillStore, tempStore } from '../../helpers/temp-store'

const temp = tempStore()
const code = (value: string, text = '') =>
  expect.objectContaining({ code: value, message: expect.stringContaining(text) })
const file = () => join(temp.folder, 'p', 'project.tagwright')
const newest = migrations.at(-1)!.version
const schema = (path: string) => {
  const db = new Database(path, { readonly: true })
  const rows = db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name').all()
  db.close()
  return rows
}

describe('migrations', () => {
  it('are numbered in steps of ten, in order', () => {
    const versions = migrations.map((step) => step.version)
    expect(versions.every((version) => version % 10 === 0)).toBe(true)
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
  })

  it('40 takes predictions apart into boxes that can be decided on, labels by id', () => {
    const old = new Database(join(temp.folder, 'old.tagwright'))
    for (const step of migrations.filter(({ version }) => version < 40)) step.run(old as WriteDb)
    old.pragma('foreign_keys = OFF')
    const label = old.prepare(`INSERT INTO label (id, idx, name, color, coco_id) VALUES (?, ?, ?, '#000000', 1)`)
    label.run(7, 0, 'ship')
    label.run(9, 1, 'buoy')
    const detections = [
      { label: 1, score: 0.1 + 0.2, box: [1, 2, 3.5, 4] },
      { label: 0, score: 0.5, box: [5, 6, 7, 8] },
      { label: 4, score: 0.4, box: [0, 0, 1, 1] },
    ]
    old
      .prepare(
        `INSERT INTO prediction (source, sample_id, detections, max_score, created_at) VALUES ('run:r1', 3, ?, 0.5, '')`,
      )
      .run(JSON.stringify(detections))
    migrations.find(({ version }) => version === 40)!.run(old as WriteDb)
    expect(
      old.prepare('SELECT source, sample_id, label_id, score, x1, y1, x2, y2, state FROM prediction_box').all(),
    ).toEqual([
      { source: 'run:r1', sample_id: 3, label_id: 9, score: 0.1 + 0.2, x1: 1, y1: 2, x2: 3.5, y2: 4, state: 'pending' },
      { source: 'run:r1', sample_id: 3, label_id: 7, score: 0.5, x1: 5, y1: 6, x2: 7, y2: 8, state: 'pending' },
    ])
    expect(old.prepare('SELECT sample_id, max_score FROM prediction').all()).toEqual([{ sample_id: 3, max_score: 0.5 }])
    old.close()
  })

  it('90 gives old projects predictions without points, and a place for them', () => {
    const old = new Database(join(temp.folder, 'boxes.tagwright'))
    for (const step of migrations.filter(({ version }) => version < 90)) step.run(old as WriteDb)
    old.pragma('foreign_keys = OFF')
    const insert = (more: string, value: string) =>
      old.prepare(`INSERT INTO prediction_box (source, sample_id, label_id, score, x1, y1, x2, y2, state${more}) VALUES ('run:r1', 3, 7, 0.5, 1, 2, 3, 4, 'pending'${value})`).run() // prettier-ignore
    insert('', '')
    migrations.find(({ version }) => version === 90)!.run(old as WriteDb)
    insert(', keypoints', `, '[[1,2,0.5]]'`)
    expect(old.prepare('SELECT x1, y2, state, keypoints FROM prediction_box ORDER BY id').all()).toEqual([
      { x1: 1, y2: 4, state: 'pending', keypoints: null },
      { x1: 1, y2: 4, state: 'pending', keypoints: '[[1,2,0.5]]' },
    ])
    old.close()
  })

  it('10 makes the first schema: every table, strict owners, and the settings that keep rows', () => {
    const tables = (schema(file()) as { type: string; name: string }[])
      .filter((row) => row.type === 'table')
      .map((row) => row.name)
    expect(tables).toEqual(
      expect.arrayContaining(
        // prettier-ignore
        ['project', 'root', 'label', 'skeleton', 'sample', 'annotation', 'history', 'import', 'run', 'job', 'metric', 'checkpoint', 'artifact', 'prediction', 'evaluation', 'snapshot'],
      ),
    )
    const { db } = temp.store
    expect(db.pragma('user_version', { simple: true })).toBe(newest)
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(db.pragma('synchronous', { simple: true })).toBe(2)
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1)
    expect(() =>
      temp.store.change('x', (write) => write.insert('annotation', { sample_id: 1, label_id: 1, kind: 'tag' })),
    ).toThrow(/FOREIGN KEY/)
  })

  const next = (run: (db: Database.Database) => void) => [...migrations, { version: newest + 10, name: 'next', run }]

  it('run pending steps in one transaction after a copy into backups/', () => {
    fillStore(temp.store)
    const before = dumpStore(temp.store)
    temp.store.close()
    const db = openDb(file())
    const result = migrate(
      db,
      next((handle) => handle.exec('ALTER TABLE sample ADD COLUMN note TEXT; DELETE FROM annotation')),
    )
    expect(result).toMatchObject({ from: newest, to: newest + 10 })
    expect(db.pragma('user_version', { simple: true })).toBe(newest + 10)
    expect(db.prepare('SELECT count(*) FROM annotation').pluck().get()).toBe(0)
    db.close()
    const backups = readdirSync(join(temp.folder, 'p', 'backups'))
    expect(backups).toHaveLength(1)
    expect(result.backup).toBe(join(temp.folder, 'p', 'backups', backups[0]))
    copyFileSync(result.backup!, file())
    expect(dumpStore(temp.reopen())).toEqual(before)
  })

  it('leave the project as it was when a step fails', () => {
    fillStore(temp.store)
    const before = dumpStore(temp.store)
    temp.store.close()
    const db = openDb(file())
    const broken = next((handle) => {
      handle.exec('DROP TABLE annotation')
      throw new Error('boom')
    })
    expect(() => migrate(db, broken)).toThrow('boom')
    const orphans = next((handle) => handle.exec('DELETE FROM label WHERE id = 1'))
    expect(() => migrate(db, orphans)).toThrowError(code('bad-migration', 'rows without their owner'))
    db.close()
    expect(dumpStore(temp.reopen())).toEqual(before)
    expect(temp.store.migration).toEqual({ from: newest, to: newest, backup: null })
  })

  it('20 gives names their natural order and undo of older steps still fits', () => {
    temp.store.close()
    rmSync(file())
    for (const suffix of ['-wal', '-shm']) rmSync(file() + suffix, { force: true })
    const db = openDb(file(), { create: true })
    migrate(
      db,
      migrations.filter(({ version }) => version === 10),
    )
    // prettier-ignore
    const sample = {
      id: 3, root_id: 1, path: 'IMG_7.jpg', name: 'IMG_7.jpg', blob: null, width: null, height: null, split: null,
      reviewed: 0, coco_image_id: 3, hash: null, state: 'ok', extra: null, import_id: null,
    }
    db.exec(`
      INSERT INTO project (id, name, task, created_at) VALUES (1, 'old', 'detect', '2026-01-01');
      INSERT INTO root (id, path, created_at) VALUES (1, '.', '2026-01-01');
      INSERT INTO sample (id, root_id, path, name, coco_image_id) VALUES (1, 1, 'IMG_10.jpg', 'IMG_10.jpg', 1), (2, 1, 'img_9.jpg', 'img_9.jpg', 2);
      INSERT INTO history (id, at, reason, rows) VALUES (1, '2026-01-01', 'Remove image', 1);
      INSERT INTO sample_trash (history_id, id, root_id, path, name, coco_image_id) VALUES (1, 4, 1, 'img_8.jpg', 'img_8.jpg', 4);
    `)
    const changes = [
      { op: 'remove', table: 'sample', id: 3, row: sample },
      { op: 'remove-set', table: 'sample', count: 1, ids: packIds([4]) },
    ]
    db.prepare('UPDATE history SET changes = ?').run(JSON.stringify(changes))
    db.close()
    temp.store = openStore(file())
    expect(temp.store.migration).toMatchObject({ from: 10, to: newest })
    expect(orderedSampleIds(temp.store.db, { sort: 'name' })).toEqual([2, 1])
    const before = temp.dump()
    temp.store.undo()
    expect(orderedSampleIds(temp.store.db, { sort: 'name' })).toEqual([3, 4, 2, 1])
    temp.store.redo()
    expect(temp.dump()).toEqual(before)
    expect(getSamples(temp.store.db, [1])[0].tags).toEqual([])
    expect(temp.store.db.prepare('SELECT count(*) FROM sample_score').pluck().get()).toBe(0)
  })

  it('finish an init that was killed before its first commit', () => {
    const folder = join(temp.folder, 'half')
    mkdirSync(folder)
    new Database(join(folder, 'project.tagwright')).close()
    const store = openStore(folder)
    expect(store.project).toMatchObject({ name: 'half', task: 'detect' })
    store.close()
  })
})

describe('opening', () => {
  it('answers with what to do when there is no project, or one already', () => {
    expect(() => openStore(join(temp.folder, 'nothing'))).toThrowError(code('not-found', 'tagwright init'))
    expect(existsSync(join(temp.folder, 'nothing'))).toBe(false)
    expect(() => initStore(join(temp.folder, 'p'))).toThrowError(code('project-exists'))
    expect(() => openReader(join(temp.folder, 'nothing'))).toThrowError(code('not-found'))
  })

  it('takes the folder or the file', () => {
    temp.store.close()
    temp.store = openStore(file())
    expect(temp.store.folder).toBe(join(temp.folder, 'p'))
  })

  it('refuses a project of a newer version and leaves every byte as it was', () => {
    temp.store.close()
    const db = new Database(file())
    db.pragma('user_version = 1000')
    db.close()
    const bytes = readFileSync(file())
    expect(() => openStore(join(temp.folder, 'p'))).toThrowError(code('newer-project', 'Update this program'))
    expect(() => openReader(join(temp.folder, 'p'))).toThrowError(code('newer-project'))
    expect(readFileSync(file()).equals(bytes)).toBe(true)
    expect(readdirSync(join(temp.folder, 'p', 'backups'))).toEqual([])
  })

  it('refuses a SQLite file of another program', () => {
    temp.store.close()
    rmSync(file())
    const db = new Database(file())
    db.exec('CREATE TABLE other (x)')
    db.close()
    expect(() => openStore(join(temp.folder, 'p'))).toThrowError(code('not-a-project', 'another program'))
    const copy = new Database(file(), { readonly: true })
    expect(copy.pragma('application_id', { simple: true })).not.toBe(applicationId)
    copy.close()
  })

  it('tells a damaged file and points to the newest copy', () => {
    fillStore(temp.store)
    const backup = backupDb(temp.store.db, 'test')
    temp.store.close()
    const sound = readFileSync(file())
    writeFileSync(file(), 'this is not a database, '.repeat(400))
    expect(() => openStore(join(temp.folder, 'p'))).toThrowError(code('corrupt-project', backup))
    expect(() => openReader(join(temp.folder, 'p'))).toThrowError(code('corrupt-project', backup))
    // Nonsense in the pages after a sound header.
    writeFileSync(file(), sound)
    const torn = Buffer.from(sound)
    torn.fill(0xa5, 4096, 4096 * 4)
    writeFileSync(file(), torn)
    expect(() => openStore(join(temp.folder, 'p')).undo()).toThrowError(code('corrupt-project'))
    rmSync(join(temp.folder, 'p', 'backups', backup.split('/').at(-1)!))
    writeFileSync(file(), 'nonsense'.repeat(1000))
    expect(() => openStore(join(temp.folder, 'p'))).toThrowError(code('corrupt-project', 'There is no copy'))
    writeFileSync(file(), sound)
    temp.reopen()
  })

  it('reads a log left by a process that died, and ignores a torn end of it', () => {
    fillStore(temp.store)
    temp.store.db.pragma('wal_checkpoint(TRUNCATE)')
    temp.store.change('one', (write) => write.update('annotation', 1, { x1: 40 }))
    const copy = join(temp.folder, 'copy')
    mkdirSync(copy)
    const to = join(copy, 'project.tagwright')
    copyFileSync(file(), to)
    copyFileSync(`${file()}-wal`, `${to}-wal`)
    const whole = openStore(copy)
    expect(whole.db.prepare('SELECT x1 FROM annotation WHERE id = 1').pluck().get()).toBe(40)
    whole.close()
    copyFileSync(file(), to)
    copyFileSync(`${file()}-wal`, `${to}-wal`)
    truncateSync(`${to}-wal`, readFileSync(`${to}-wal`).length - 100)
    const torn = openStore(copy)
    expect(torn.db.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(torn.db.prepare('SELECT x1 FROM annotation WHERE id = 1').pluck().get()).toBe(1)
    expect(torn.history().entries).toEqual([])
    torn.close()
  })
})

describe('two handles', () => {
  it('readers see what is committed and never write', () => {
    fillStore(temp.store)
    const reader = temp.store.openReader()
    temp.store.change('one', (write) => write.update('annotation', 1, { x1: 40 }))
    expect(reader.prepare('SELECT x1 FROM visible_annotation WHERE id = 1').pluck().get()).toBe(40)
    expect(() => reader.exec('DELETE FROM annotation')).toThrow(/readonly/)
    reader.close()
  })

  it('a second writer waits, and is told when the first does not end', () => {
    fillStore(temp.store)
    const second = openStore(join(temp.folder, 'p'), { timeout: 50 })
    second.db.exec('BEGIN IMMEDIATE')
    temp.store.db.pragma('busy_timeout = 50')
    const draw = () => temp.store.change('one', (write) => write.update('annotation', 1, { x1: 40 }))
    expect(draw).toThrowError(code('project-busy', 'Close it there'))
    second.db.exec('ROLLBACK')
    draw()
    expect(second.undo()!.entry.reason).toBe('one')
    second.close()
  })
})

describe('no room, no rights', () => {
  it('says disk-full when the file cannot grow, and loses nothing', () => {
    fillStore(temp.store)
    const before = temp.dump()
    const { db } = temp.store
    db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true }) as number}`)
    const large = 'x'.repeat(200_000)
    expect(() =>
      temp.store.change('big', (write) => {
        write.update('annotation', 1, { x1: 70 })
        write.update('annotation', 2, { extra: large })
      }),
    ).toThrowError(code('disk-full', 'Free some space'))
    expect(temp.dump()).toEqual(before)
    const batch = temp.store.beginImport({ source: 's', root: '/more' })
    expect(() =>
      batch.addSamples(Array.from({ length: 5000 }, (_, i) => ({ key: String(i), path: `${i}.jpg` }))),
    ).toThrowError(code('disk-full'))
    batch.abort()
    expect(temp.dump()).toEqual(before)
    db.pragma('max_page_count = 1000000')
    temp.store.change('big', (write) => write.update('annotation', 2, { extra: JSON.stringify(large) }))
    expect(temp.reopen().db.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(temp.store.undo()!.entry.reason).toBe('big')
    expect(temp.dump()).toEqual(before)
  })

  const canMount = process.platform === 'linux' && process.getuid?.() === 0
  const mounted = (options: string, body: (folder: string) => void) => {
    const folder = join(temp.folder, 'mount')
    mkdirSync(folder)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' })
    } catch {
      return false
    }
    try {
      body(folder)
    } finally {
      execFileSync('umount', ['-l', folder])
    }
    return true
  }

  it.skipIf(!canMount)(`a disk that is really full${canMount ? '' : ' [needs root on Linux]'}`, (context) => {
    const ran = mounted('size=2m', (folder) => {
      const store = initStore(join(folder, 'p'))
      fillStore(store)
      let acknowledged = 0
      expect(() => {
        for (;;) {
          store.change('grow', (write) =>
            write.update('annotation', 1, { extra: JSON.stringify('y'.repeat(30_000 + acknowledged)) }),
          )
          acknowledged++
        }
      }).toThrowError(expect.objectContaining({ code: expect.stringMatching(/^(disk-full|io-error)$/) }))
      expect(acknowledged).toBeGreaterThan(3)
      const state = dumpStore(store)
      store.close()
      // Some space is freed; everything acknowledged is there.
      execFileSync('mount', ['-o', 'remount,size=16m', folder])
      const again = openStore(join(folder, 'p'))
      expect(again.db.pragma('integrity_check', { simple: true })).toBe('ok')
      expect(dumpStore(again)).toEqual(state)
      expect(again.history(100_000).entries).toHaveLength(acknowledged)
      again.close()
    })
    if (!ran) context.skip('tmpfs cannot be mounted here')
  })

  it.skipIf(!canMount)(`a read-only disk${canMount ? '' : ' [needs root on Linux]'}`, (context) => {
    const ran = mounted('size=8m', (folder) => {
      const store = initStore(join(folder, 'p'))
      fillStore(store)
      store.close()
      execFileSync('mount', ['-o', 'remount,ro', folder])
      expect(() => openStore(join(folder, 'p'))).toThrowError(code('read-only', 'cannot be written'))
    })
    if (!ran) context.skip('tmpfs cannot be mounted here')
  })
})
