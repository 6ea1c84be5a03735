/** Import boundaries: which folder may import which, and one gate per heavy library. */
const roots = ['src-main', 'src-worker', 'src-renderer']
const layer = (from, forbidden) => ({
  name: `layer: ${from} may not import ${forbidden.join(', ')}`,
  severity: 'error',
  from: { path: `^${from}/` },
  to: { path: `^(${forbidden.join('|')})/` },
})
const gate = (library, homes) => ({
  name: `gate: ${library} only in ${homes.join(', ')}`,
  severity: 'error',
  from: { pathNot: `^(test/|scripts/|${homes.join('|')})` },
  to: { path: `(^|node_modules/)${library}(/|$)` },
})
const shared = (names) => names.map((name) => `src-shared/${name}`)

export default {
  forbidden: [
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    ...roots.map((root) =>
      layer(
        root,
        roots.filter((other) => other !== root),
      ),
    ),
    layer('src-shared', roots),
    layer('src-shared/base', shared(['contract', 'domain', 'engine', 'catalog'])),
    layer('src-shared/domain', shared(['contract', 'engine', 'catalog'])),
    layer('src-shared/contract', shared(['engine'])),
    layer('src-shared/engine', shared(['contract', 'catalog'])),
    layer('src-main/store', ['src-main/entry', 'src-main/host', 'src-main/services', 'src-main/jobs']),
    layer('src-main/media', [
      'src-main/entry',
      'src-main/host',
      'src-main/services',
      'src-main/jobs',
      'src-main/store',
    ]),
    layer('src-main/jobs', ['src-main/entry', 'src-main/host', 'src-main/services']),
    layer('src-main/services', ['src-main/entry', 'src-main/host']),
    layer('src-main/host', ['src-main/entry']),
    {
      name: 'no Node in src-shared',
      severity: 'error',
      from: { path: '^src-shared/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no Node in src-renderer',
      severity: 'error',
      from: { path: '^src-renderer/' },
      to: { dependencyTypes: ['core'] },
    },
    gate('electron', ['src-main/entry/(electron|preload)\\.ts', 'src-main/host/']),
    gate('better-sqlite3', ['src-main/store/']),
    gate('onnxruntime-node', ['src-worker/runtime/']),
    gate('sharp', ['src-main/media/', 'src-worker/data/']),
    gate('konva', ['src-renderer/editor/']),
    gate('echarts', ['src-renderer/charts/']),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
  },
}
