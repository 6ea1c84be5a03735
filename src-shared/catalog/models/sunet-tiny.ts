import { defineSunet } from './denoise/sunet'

/** Small enough for processors: two layers a level, and patches of 2 px, which keep more of small crops. */
export default defineSunet({
  title: 'SUNet-tiny',
  width: 32,
  depths: [2, 2, 2],
  heads: [4, 4, 8],
  patch: 2,
  learningRate: 1e-3,
  parameters: 812_918,
})
