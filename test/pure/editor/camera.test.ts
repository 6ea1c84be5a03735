import { expect, it } from 'vitest'
import { Camera } from '../../../src-renderer/editor/camera'
import type { Scene } from '../../../src-renderer/editor/scene'

const open = () => {
  const scene = { image: { width: 400, height: 200 }, selected: [] } as unknown as Scene
  const camera = new Camera(scene, { changed() {}, pixelRatio: () => 1, onView() {} })
  camera.resize({ width: 440, height: 440 })
  camera.start(false)
  return camera
}

it('keeps a fitted image fitted when the window changes, and a view that somebody chose where it is', () => {
  const camera = open()
  const small = camera.view.scale
  camera.resize({ width: 880, height: 880 })
  expect(camera.view.scale).toBeGreaterThan(1.9 * small)
  const again = open()
  again.resize({ width: 880, height: 880 })
  expect(again.view).toEqual(camera.view)

  camera.zoomAbout(2, [440, 440])
  const { scale } = camera.view
  const middle = camera.toImage([440, 440])
  camera.resize({ width: 600, height: 700 })
  expect(camera.view.scale).toBe(scale)
  expect(camera.toImage([300, 350])).toEqual(middle)
})
