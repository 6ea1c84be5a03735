/** Classes and skeletons, edited by a person: what they did is in the project. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { createWorkplace, samplesByName, see, type Workplace } from '../../helpers/annotator-window'
import { need } from '../../helpers/need'

const browser = need('browser')
let place: Workplace
beforeAll(async () => {
  if (!browser.available) return
  place = await createWorkplace(browser.path, { images: [{ path: 'one.png' }], labels: ['cat', 'dog', 'cow'] })
  const { api } = place.served
  const [sample] = (await samplesByName(api)).values()
  const [cat, dog] = (await api.labels.list()).labels
  const box = (label: number, side: number) => ({
    op: 'add' as const,
    sample,
    label,
    shape: { kind: 'box' as const, box: [10, 10, 10 + side, 10 + side] as [number, number, number, number] },
  })
  await api.annotations.apply({ reason: 'Draw box', changes: [box(cat.id, 10), box(cat.id, 100), box(dog.id, 50)] })
})
afterAll(() => place?.close())
const labels = async () => (await place.served.api.labels.list()).labels.filter((label) => !label.gap)

browser.test(
  'labels are added, named, keyed, split by size, merged and deleted with a count, each one undo step',
  async () => {
    const page = await place.open({ hash: 'labels' })
    const row = (name: string) => page.getByRole('button', { name, exact: true })
    const field = page.getByRole('textbox', { name: 'Add labels: cat, dog' })
    await field.fill('<b>gull</b>, tern')
    await field.press('Enter')
    await see(row('<b>gull</b>')).toBeVisible()
    expect((await labels()).map((label) => label.name)).toEqual(['cat', 'dog', 'cow', '<b>gull</b>', 'tern'])

    await row('cat').click()
    await page.getByRole('button', { name: /^Key of cat/ }).click()
    await page.keyboard.press('q')
    await see.poll(async () => (await labels())[0].hotkey).toBe('q')

    await page.getByRole('button', { name: 'Split…' }).click()
    const split = page.getByRole('dialog', { name: 'Split cat' })
    await split.getByRole('combobox', { name: 'New or existing label' }).fill('big cat')
    await split.getByRole('textbox', { name: 'from side (px)' }).fill('50')
    await see(split.getByRole('status')).toHaveText('Matching of 2: 1 object on 1 image.')
    await split.getByRole('button', { name: 'Move 1 object' }).click()
    await see(row('big cat')).toBeVisible()
    expect((await labels()).map(({ name, annotations }) => `${name} ${annotations}`)).toContain('big cat 1')

    await row('big cat').click()
    await page.getByRole('button', { name: 'Merge…' }).click()
    const merge = page.getByRole('alertdialog', { name: 'Merge big cat' })
    await merge.getByRole('combobox', { name: 'Into' }).selectOption({ label: 'dog' })
    await see(merge.getByRole('status')).toHaveText('Gets the other label: 1 object on 1 image.')
    await merge.getByRole('button', { name: 'Merge' }).click()
    await see(row('big cat')).toHaveCount(0)
    expect((await labels()).map(({ name, annotations }) => `${name} ${annotations}`)).toContain('dog 2')

    await row('dog').click()
    await page.getByRole('button', { name: 'Delete…' }).click()
    const remove = page.getByRole('alertdialog', { name: 'Delete dog' })
    await see(remove.getByRole('status')).toHaveText('Deleted with it: 2 objects on 1 image.')
    await remove.getByRole('button', { name: 'Delete' }).click()
    await see(row('dog')).toHaveCount(0)
    // While the dialog fades away, keys are still its own.
    await see(remove).toHaveCount(0)
    await page.keyboard.press('Control+z')
    await see(row('dog')).toBeVisible()
    expect((await labels()).map(({ name, annotations }) => `${name} ${annotations}`)).toContain('dog 2')

    // The order is locked until somebody unlocks it.
    await see(page.getByRole('button', { name: 'Move cow up' })).toHaveCount(0)
    await page.getByRole('button', { name: 'Unlock the order…' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Unlock' }).click()
    await page.getByRole('button', { name: 'Move cow up' }).click()
    await see.poll(async () => (await labels()).slice(0, 3).map((label) => label.name)).toEqual(['cat', 'cow', 'dog'])

    const file = join(place.folder, 'more.txt')
    writeFileSync(file, 'cat\ncow\n牛\n')
    await page.locator('input[type=file]').setInputFiles(file)
    await page.getByRole('alertdialog').getByRole('button', { name: 'Add labels' }).click()
    await see(row('牛')).toBeVisible()
    await page.context().close()
  },
)

browser.test(
  'a skeleton is drawn by clicks, paired by names, and edited later without losing what is labelled',
  async () => {
    const { api } = place.served
    const page = await place.open({ hash: 'labels' })
    await page.getByRole('button', { name: 'cow', exact: true }).click()
    const canvas = page.getByRole('group', { name: 'Drawing of the skeleton' })
    const names = ['nose', 'left_eye', 'right_eye']
    const drawing = await canvas.boundingBox()
    for (const [at, name] of names.entries()) {
      const box = (await canvas.boundingBox())!
      await page.mouse.click(box.x + box.width * (0.3 + 0.2 * at), box.y + box.height * (at === 0 ? 0.7 : 0.3))
      const field = page.getByRole('textbox', { name: `Name of point ${at + 1}` })
      await see(field).toBeFocused()
      await page.keyboard.type(name)
    }
    // What a person points at stays where it is while points are added.
    expect(await canvas.boundingBox()).toEqual(drawing)
    await see(page.getByRole('combobox', { name: 'Left/right partner of left_eye' })).toHaveValue('2')
    await page.getByRole('button', { name: 'Save skeleton' }).click()
    const cow = async () => (await labels()).find((label) => label.name === 'cow')!
    await see.poll(async () => (await cow()).skeleton?.names).toEqual(names)
    const { id, skeleton } = await cow()
    expect(skeleton).toMatchObject({ edges: [[0, 1], [1, 2]], flip: [0, 2, 1] }) // prettier-ignore
    expect(skeleton!.layout![0]).toEqual([0, 1])

    const [sample] = (await samplesByName(api)).values()
    const shape = { kind: 'keypoints' as const, keypoints: [[50, 60, 2], [40, 50, 2], [60, 50, 1]] as [number, number, 0 | 1 | 2][] } // prettier-ignore
    const added = await api.annotations.apply({
      reason: 'Draw keypoints',
      changes: [{ op: 'add', sample, label: id, shape }],
    })
    await see(page.getByText(/1 object on 1 image/)).toBeVisible()

    // A new name for one point, and one point more: what is labelled keeps its places.
    const first = page.getByRole('textbox', { name: 'Name of point 1' })
    await first.fill('muzzle')
    // What is not saved waits while another label or another view is looked at.
    await page.getByRole('button', { name: (await labels())[0].name, exact: true }).click()
    await see(page.getByText('The skeleton of “cow” is not saved yet', { exact: false })).toBeVisible()
    await page.getByRole('button', { name: /^cow/ }).click()
    await see(first).toHaveValue('muzzle')
    await page.locator('[data-view=data]').click()
    await see(first).toHaveCount(0)
    await page.locator('[data-view=labels]').click()
    await page.getByRole('button', { name: /^cow/ }).click()
    await see(first).toHaveValue('muzzle')
    await see(page.getByText('Not saved', { exact: true })).toBeVisible()
    await canvas.getByRole('button', { name: 'Point 3: right_eye' }).focus()
    await page.keyboard.press('Enter')
    const box = (await canvas.boundingBox())!
    await page.mouse.click(box.x + box.width * 0.9, box.y + box.height * 0.8)
    await page.keyboard.type('tail')
    await page.getByRole('button', { name: 'Save skeleton' }).click()
    await see.poll(async () => (await cow()).skeleton?.names).toEqual(['muzzle', 'left_eye', 'right_eye', 'tail'])
    const { annotations } = await api.annotations.list({ sample })
    const now = annotations.find((one) => one.id === added.ids[0])!.shape
    expect(now).toMatchObject({ keypoints: [[50, 60, 2], [40, 50, 2], [60, 50, 1], [0, 0, 0]] }) // prettier-ignore

    // Taking a labelled point away says what is lost before it is.
    await page.getByRole('button', { name: 'Remove left_eye' }).click()
    await page.getByRole('button', { name: 'Save skeleton' }).click()
    const question = page.getByRole('alertdialog', { name: 'Change the skeleton of what is labelled?' })
    await see(question).toContainText('Labelled points that are lost: 1')
    await question.getByRole('button', { name: 'Cancel' }).click()
    expect((await cow()).skeleton?.names).toHaveLength(4)
    await page.context().close()
  },
)
