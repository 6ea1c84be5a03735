/** The frame around the views: welcome, palette, keys, history, dialogs, settings. */
const part = (view, id) => ({ name: `${view}-${id}`, view, params: { part: id } })

export default [
  { name: 'welcome-empty', view: 'welcome', empty: true, docs: 'welcome' },
  { name: 'data', view: 'data' },
  { name: 'welcome', view: 'welcome' },
  ...['imports', 'splits', 'missing', 'export'].map((id) => part('data', id)),
  {
    ...part('data', 'lint'),
    async prepare(page) {
      await page.getByRole('button', { name: /Check the data|Check again/ }).click()
      await page.getByText(/Checked /).waitFor()
    },
  },
  part('settings', 'keys'),
  part('settings', 'canvas'),
  {
    ...part('settings', 'machine'),
    prepare: (page) => page.getByRole('heading', { name: 'Where training can run' }).waitFor({ timeout: 60_000 }),
  },
  {
    name: 'palette',
    view: 'data',
    async prepare(page) {
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox', { name: 'Command palette' }).fill('se')
    },
  },
  {
    name: 'shortcuts',
    view: 'data',
    async prepare(page) {
      await page.keyboard.press('F1')
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'history',
    view: 'data',
    async prepare(page) {
      await page.getByRole('button', { name: 'History' }).click()
      await page.getByRole('complementary', { name: 'History' }).waitFor()
    },
  },
  {
    name: 'wizard',
    view: 'welcome',
    empty: true,
    async prepare(page) {
      await page.getByRole('button', { name: /New project/ }).click()
      await page.getByLabel('Name').fill('Solar panels')
    },
  },
  {
    name: 'picker',
    view: 'welcome',
    empty: true,
    async prepare(page) {
      await page.getByRole('button', { name: /Open project/ }).click()
      await page.getByRole('listbox').waitFor()
    },
  },
  {
    name: 'import',
    view: 'data',
    async prepare(page) {
      await page.keyboard.press('Control+i')
      await page.getByRole('dialog').waitFor()
    },
  },
]
