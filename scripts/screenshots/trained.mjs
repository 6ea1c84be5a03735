/** A finished run: curves, results, comparison, review; the train panel with everything it can tell. */
const patient = { timeout: 180_000 }
const of = (name, view, params, prepare, more = {}) => ({ name, view, params, prepare, project: 'trained', ...more })
const run = (tab) => ({ run: 'r2', tab })
const canvas = (page) => page.locator('canvas').first().waitFor(patient)
/** Brings a part of the page to its top. */
const scrollTo = (page, name) =>
  page.getByRole('region', { name, exact: true }).evaluate((part) => part.scrollIntoView({ block: 'start' }))

async function results(page) {
  await page.getByRole('region', { name: 'COCO' }).waitFor(patient)
  await canvas(page)
}

export default [
  of('train-full', 'train', {}, async (page) => {
    await page.locator('#train-batch').fill('8')
    await page.getByRole('button', { name: 'Measure' }).click()
    await page.getByText(/^About /).waitFor(patient)
    await page.getByRole('button', { name: 'Draw a batch' }).click()
    await page.getByAltText(/batch of augmented/).waitFor(patient)
  }),
  of(
    'runs-live',
    'runs',
    run('curves'),
    async (page) => {
      await canvas(page)
      await page.getByRole('region', { name: 'What it sees' }).waitFor(patient)
    },
    { docs: 'curves' },
  ),
  of('runs-samples', 'runs', run('curves'), async (page) => {
    await canvas(page)
    await page.getByRole('region', { name: 'What it sees' }).waitFor(patient)
    await scrollTo(page, 'What it sees')
  }),
  of('runs-results', 'runs', run('results'), results, { docs: 'results' }),
  ...['Classes', 'Curves', 'Confusion matrix', 'Evaluated labels', 'Files'].map((part) =>
    of(`runs-results-${part.split(' ').at(-1).toLowerCase()}`, 'runs', run('results'), async (page) => {
      await results(page)
      await scrollTo(page, part)
    }),
  ),
  of('runs-results-images', 'runs', run('results'), async (page) => {
    await results(page)
    await page.getByRole('button', { name: /^Nothing there/ }).click()
    await page.getByRole('complementary', { name: 'Nothing there' }).getByRole('img').first().waitFor(patient)
  }),
  of('runs-evaluate', 'runs', run('results'), async (page) => {
    await results(page)
    await page.getByRole('button', { name: 'Evaluate' }).click()
    await page.getByRole('dialog').getByRole('checkbox').first().click()
  }),
  of('runs-compare', 'runs', run('compare'), async (page) => {
    await page.getByRole('region', { name: 'Image by image' }).getByRole('img').first().waitFor(patient)
    await canvas(page)
  }),
  of('runs-compare-images', 'runs', run('compare'), async (page) => {
    await page.getByRole('region', { name: 'Image by image' }).getByRole('img').first().waitFor(patient)
    await scrollTo(page, 'Image by image')
  }),
  of('runs-export', 'runs', run('export'), (page) => page.locator('#export-out').waitFor(patient)),
  of('runs-recipe', 'runs', run('recipe'), (page) => page.getByRole('region', { name: 'Recipe' }).waitFor(patient)),
  of('runs-log', 'runs', run('log'), (page) => page.getByRole('log').waitFor(patient)),
  of('review-queue', 'review', {}, (page) => page.getByRole('img').nth(1).waitFor(patient), { docs: 'review' }),
  of('review-predict', 'review', {}, async (page) => {
    await page.getByRole('button', { name: 'Predict' }).click()
    await page.getByRole('dialog').getByRole('checkbox').first().click()
  }),
  of('review-accept', 'review', {}, async (page) => {
    await page.getByRole('button', { name: 'Accept many' }).click()
    await page.getByRole('dialog').getByRole('status').waitFor(patient)
  }),
]
