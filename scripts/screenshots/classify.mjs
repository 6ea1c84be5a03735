/** Classification: what it shows in places of its own. */
const patient = { timeout: 180_000 }
const of = (name, view, params, prepare) => ({ name: `classify-${name}`, view, params, prepare, project: 'classify' })
const run = (tab) => ({ run: 'r1', tab })
const canvas = (page) => page.locator('canvas').first().waitFor(patient)
const scrollTo = async (page, name) => {
  await page.getByRole('region', { name, exact: true }).waitFor(patient)
  await page.getByRole('region', { name, exact: true }).evaluate((part) => part.scrollIntoView({ block: 'start' }))
}

export default [
  of('label', 'label', {}, (page) => page.locator('.thumbnail img').nth(3).waitFor(patient)),
  of('data', 'data'),
  of('train', 'train', {}, (page) =>
    page
      .getByRole('radio', { name: /classifier/i })
      .first()
      .waitFor(patient),
  ),
  of('runs', 'runs', run('curves'), canvas),
  of('samples', 'runs', run('curves'), (page) => scrollTo(page, 'What it sees')),
  of('results', 'runs', run('results'), canvas),
  of('results-confusion', 'runs', run('results'), (page) => scrollTo(page, 'Confusion matrix')),
  of('evaluate', 'runs', run('results'), (page) => page.getByRole('button', { name: 'Evaluate' }).click()),
  of('export', 'runs', run('export'), (page) => page.locator('#export-out').waitFor(patient)),
  of('review', 'review', {}, (page) => page.getByRole('img').first().waitFor(patient)),
  of('model', 'models', { run: 'r1' }, (page) => page.getByRole('list', { name: /nodes/i }).waitFor(patient)),
]
