/** Poses and denoising: what these tasks show in places of their own. */
const patient = { timeout: 180_000 }
const of = (project) => (name, view, params, prepare) => ({
  name: `${project}-${name}`,
  view,
  params,
  prepare,
  project,
})
const pose = of('pose')
const denoise = of('denoise')
const run = (tab) => ({ run: 'r1', tab })
const region = (page, name) => page.getByRole('region', { name, exact: true })
const scrollTo = async (page, name) => {
  await region(page, name).waitFor(patient)
  await region(page, name).evaluate((part) => part.scrollIntoView({ block: 'start' }))
}
/** The picture on the canvas and those in the gallery. */
const drawn = async (page) => {
  await page.locator('[data-canvas-state="ready"]').waitFor(patient)
  await page.locator('.thumbnail img').first().waitFor(patient)
}
/** The pictures that are compared. */
const loaded = (page) => page.locator('[aria-busy=false] canvas').first().waitFor(patient)
const pictures = async (page) => {
  await scrollTo(page, 'Pictures')
  await loaded(page)
}
const choose = (page, label, option) => page.getByLabel(label, { exact: true }).selectOption({ label: option })

export default [
  pose('skeleton', 'labels', {}, (page) => region(page, 'Skeleton').waitFor(patient)),
  pose('skeleton-image', 'labels', {}, async (page) => {
    await region(page, 'Skeleton').getByRole('button', { name: 'Draw on an example image' }).click()
    await region(page, 'Skeleton').locator('image').waitFor(patient)
  }),
  pose('canvas', 'label', { sample: 3 }, async (page) => {
    await drawn(page)
    await page.getByRole('region', { name: 'Objects' }).locator('li button').first().click()
  }),
  pose('train', 'train', {}, (page) => page.getByRole('radio', { name: /pose/i }).first().waitFor(patient)),
  pose('runs', 'runs', run('curves'), (page) => page.locator('canvas').first().waitFor(patient)),
  pose('samples', 'runs', run('curves'), (page) => scrollTo(page, 'What it sees')),
  pose('results', 'runs', run('results'), async (page) => {
    await region(page, 'Points').waitFor(patient)
    await page.locator('canvas').first().waitFor(patient)
  }),
  pose('results-points', 'runs', run('results'), (page) => scrollTo(page, 'Error of each point')),
  pose('results-classes', 'runs', run('results'), (page) => scrollTo(page, 'Classes')),
  pose('results-confusion', 'runs', run('results'), (page) => scrollTo(page, 'Confusion matrix')),
  pose('export', 'runs', run('export'), (page) => page.locator('#export-out').waitFor(patient)),
  pose('review', 'review', {}, async (page) => {
    await page
      .getByRole('button', { name: /^(Other place|Not labelled)/ })
      .first()
      .click()
    await page.getByRole('img').nth(1).waitFor(patient)
  }),
  pose('model', 'models', { run: 'r1' }, (page) => page.getByRole('list', { name: /nodes/i }).waitFor(patient)),

  denoise('gallery', 'label', {}, loaded),
  denoise('pair-grid', 'label', {}, async (page) => {
    await loaded(page)
    await page.getByRole('button', { name: 'Side by side' }).click()
    await page.getByRole('img', { name: 'Clean', exact: true }).waitFor(patient)
  }),
  denoise('data', 'data'),
  denoise('train', 'train', {}, (page) => page.getByRole('radio', { name: /DnCNN/ }).first().waitFor(patient)),
  denoise('train-batch', 'train', {}, async (page) => {
    await page.getByRole('button', { name: 'Measure' }).click()
    await page.getByText(/^About /).waitFor(patient)
    await page.getByRole('button', { name: 'Draw a batch' }).click()
    await page.getByAltText(/batch of augmented/).waitFor(patient)
  }),
  denoise('runs', 'runs', run('curves'), (page) => page.locator('canvas').first().waitFor(patient)),
  denoise('results', 'runs', run('results'), (page) => region(page, 'Methods and noise').waitFor(patient)),
  denoise('split', 'runs', run('results'), pictures),
  denoise('truth', 'runs', run('results'), async (page) => {
    await pictures(page)
    await choose(page, 'Noise level', 'sigma 50')
    await choose(page, 'Left of the line', 'After')
    await choose(page, 'Right of the line', 'Truth')
  }),
  denoise('difference', 'runs', run('results'), async (page) => {
    await pictures(page)
    await choose(page, 'Left of the line', 'Difference')
    await choose(page, 'Right of the line', 'Error')
  }),
  denoise('zoom', 'runs', run('results'), async (page) => {
    await pictures(page)
    for (let i = 0; i < 5; i++) await page.getByRole('button', { name: 'Zoom in' }).click()
  }),
  denoise('grid', 'runs', run('results'), async (page) => {
    await pictures(page)
    await choose(page, 'Noise level', 'sigma 50')
    await page.getByRole('button', { name: 'Side by side' }).click()
    await page.getByRole('img', { name: 'Error', exact: true }).waitFor(patient)
  }),
  denoise('evaluate', 'runs', run('results'), async (page) => {
    await page.getByRole('button', { name: 'Evaluate' }).click()
    await page.getByRole('checkbox', { name: 'BM3D' }).click()
  }),
  denoise('export', 'runs', run('export'), (page) => page.locator('#export-out').waitFor(patient)),
  denoise('model', 'models', { run: 'r1' }, (page) => page.getByRole('list', { name: /nodes/i }).waitFor(patient)),
]
