// Writes NOTICE from package-lock.json and the licence files in node_modules: `npm run notice`.
// `npm run notice -- --check` writes nothing and fails when NOTICE is not current or a licence is not allowed.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, resolve } from 'node:path'
import ts from 'typescript'

const root = resolve(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))

const allowed = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
])
/** Shared libraries under the LGPL: used unmodified, replaceable, named in NOTICE. */
const isSharedLgpl = (name) => name.startsWith('@img/sharp')

/** Packages that end up in `out/`: every bare import in the sources. */
function findImportedPackages() {
  const found = new Set()
  for (const folder of ['src-shared', 'src-main', 'src-worker', 'src-renderer']) {
    if (!existsSync(join(root, folder))) continue
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(ts|vue)$/.test(entry.name)) continue
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8')
      for (const { fileName: specifier } of ts.preProcessFile(text, true, false).importedFiles) {
        if (specifier.startsWith('.')) continue
        const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
        if (manifest.dependencies[name] || manifest.devDependencies[name]) found.add(name)
        else if (
          !specifier.startsWith('@shared/') &&
          !specifier.startsWith('node:') &&
          !builtinModules.includes(name)
        ) {
          throw new Error(
            `${entry.name} imports ${name}, which package.json does not list; add it with an exact version.`,
          )
        }
      }
    }
  }
  // The shell of the app: shipped as a program, with its own licence files beside it.
  found.delete('electron')
  return found
}

/** Where npm put a dependency of the package at `from`: the nearest node_modules that has it. */
function locate(name, from) {
  for (let base = from; ; base = base.slice(0, Math.max(base.lastIndexOf('/node_modules/'), 0))) {
    const path = base ? `${base}/node_modules/${name}` : `node_modules/${name}`
    if (packages[path]) return path
    if (!base) return undefined
  }
}

/** Everything the given packages need at run time, themselves included, as paths in the lock file. */
function findClosure(names) {
  const seen = new Set()
  const queue = [...names].map((name) => locate(name, ''))
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    const { dependencies, optionalDependencies } = packages[path]
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const next = locate(name, path)
      if (next) queue.push(next)
    }
  }
  return [...seen]
}

/** The copyright line of an installed package's licence file; '' for packages of other systems and those without one. */
function readCopyright(path) {
  if (packages[path].optional) return ''
  const folder = join(root, path)
  const file = existsSync(folder) && readdirSync(folder).find((name) => /^(licen[cs]e|copying)/i.test(name))
  if (!file) return ''
  const lines = readFileSync(join(folder, file), 'utf8').split('\n')
  const line = lines.find((text) => /^\s*copyright (?!license|owner|notice|holder|and |statement|[[{])/i.test(text))
  return line ? line.trim().replace(/\s+/g, ' ') : ''
}

function describe(path) {
  const { version, license } = packages[path]
  return {
    name: path.replace(/^.*node_modules\//, ''),
    version,
    license: String(license),
    copyright: readCopyright(path),
  }
}

const entries = findClosure(new Set([...Object.keys(manifest.dependencies), ...findImportedPackages()]))
  .map(describe)
  .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1))

const refused = entries.filter(({ name, license }) => {
  const ids = license.replace(/[()]/g, '').split(/ (?:AND|OR) /)
  const isFine = license.includes(' OR ') ? ids.some((id) => allowed.has(id)) : ids.every((id) => allowed.has(id))
  return !isFine && !(isSharedLgpl(name) && /LGPL-3\.0-or-later/.test(license))
})

const byLicence = Map.groupBy(entries, ({ license }) => license.replace(/[()]/g, ''))
const text = `Tagwright
Copyright 2026 The Tagwright authors
Licensed under the Apache License, Version 2.0 (see LICENSE).

This file is written by "npm run notice" from package-lock.json.

The program contains or is distributed with the packages below. The full text of each licence is in the package's own
folder, or at https://spdx.org/licenses/ under the name given.

${[...byLicence]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([licence, group]) => {
    const lines = group.map(
      ({ name, version, copyright }) => `  ${name} ${version}${copyright ? `: ${copyright}` : ''}`,
    )
    return `${licence}\n${lines.join('\n')}`
  })
  .join('\n\n')}

libvips and the libraries it uses

sharp loads libvips, glib, cairo, pango, fribidi, libheif, libexif, librsvg and others as a shared library from the package
@img/sharp-libvips-<system>. libvips is licensed under the GNU Lesser General Public License, version 3 or later; the
README of that package lists the licence of each library in it. They are used unmodified and stay replaceable: put a
compatible build of the shared library in the place of the one in
node_modules/@img/sharp-libvips-<system>/lib, or build sharp against a libvips installed on the system
(https://sharp.pixelplumbing.com/install). Sources: https://github.com/lovell/sharp-libvips, which names the exact version
of every library.

ONNX

src-shared/engine/onnx/generated/onnx_pb.ts is generated from onnx.proto of the ONNX project, Copyright (c) ONNX Project
Contributors, Apache License, Version 2.0 (https://github.com/onnx/onnx).
`

const target = join(root, 'NOTICE')
if (refused.length) {
  const list = refused.map(({ name, version, license }) => `${name} ${version} (${license})`).join(', ')
  console.error(`Not an allowed licence: ${list}. Use another package; CONTRIBUTING.md lists what is allowed.`)
  process.exitCode = 1
} else if (!process.argv.includes('--check')) {
  writeFileSync(target, text)
  console.log(`NOTICE names ${entries.length} packages.`)
} else if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
  console.error('NOTICE is not current; run "npm run notice" and commit the result.')
  process.exitCode = 1
}
