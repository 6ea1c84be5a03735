import { measureCanvas } from '../bench/canvas'
import type { Campaign } from './campaign'

/** The budgets of the annotator's canvas, as `npm run bench:canvas` measures them. */
export const campaign: Campaign = {
  title: 'Canvas: pan, zoom, select and add among thousands of boxes, and the next image',
  seed: 12345,
  recipe: {
    boxes: [5000, 20000],
    image: '4000 x 3000 JPEG',
    screen: '1280 x 800',
    raster: 'software (--disable-gpu)',
    input: 'mouse and wheel events sent to the browser',
    budgets: {
      boxes5000: { framesPerSecond: 50, selectMs: 30, addMs: 30 },
      boxes20000: { framesPerSecond: 24 },
      nextImage: { prefetchedMs: 100 },
    },
  },
  run: ({ root, log }) => measureCanvas(root, [5000, 20000], log),
}
