import { defineSunet } from './denoise/sunet'

/** The article's size, for graphics processors. */
export default defineSunet({
  title: 'SUNet',
  width: 96,
  depths: [8, 8, 8, 8],
  heads: [8, 8, 8, 8],
  patch: 4,
  learningRate: 2e-4,
  parameters: 99_683_720,
})
