/** A finished run: curves, results, comparison, review. */
const of = (name, view, params = {}, more = {}) => ({ name, view, params, trained: true, ...more })
const run = (tab) => ({ run: 'r2', tab })

export default [
  of('train-full', 'train'),
  of('runs-live', 'runs', run('curves')),
  of('runs-results', 'runs', run('results')),
  of('runs-compare', 'runs', run('compare')),
  of('runs-export', 'runs', run('export')),
  of('runs-recipe', 'runs', run('recipe')),
  of('runs-log', 'runs', run('log')),
  of('review-queue', 'review'),
]
