/** How near images come to the clean ones: methods x noise levels. */

export interface Quality {
  /** dB. */
  psnr: number
  ssim: number
}

export interface RestorationLevel {
  level: number
  title: string
  /** Means over the images, in the order of the methods. */
  scores: Quality[]
  perImage: { sample: number; name: string; scores: Quality[] }[]
}

export interface Restoration {
  images: number
  methods: { id: string; title: string }[]
  levels: RestorationLevel[]
}

/** The PSNR of a set is the mean of its images' values. */
export function meanQuality(rows: readonly Quality[]): Quality {
  const mean = (of: (row: Quality) => number) => rows.reduce((sum, row) => sum + of(row), 0) / Math.max(1, rows.length)
  return { psnr: mean(({ psnr }) => psnr), ssim: mean(({ ssim }) => ssim) }
}

/** One method over all levels. */
export const overLevels = ({ levels }: Restoration, method: number): Quality =>
  meanQuality(levels.map(({ scores }) => scores[method]))

/** A line for each level and method. */
export function formatRestoration(restoration: Restoration): string[] {
  const { methods, levels, images } = restoration
  const width = Math.max(8, ...methods.map(({ title }) => title.length))
  const level = Math.max(6, ...levels.map(({ title }) => title.length))
  return [
    `${'noise'.padEnd(level)}  ${'method'.padEnd(width)}  PSNR dB    SSIM`,
    ...levels.flatMap(({ title, scores }) =>
      methods.map(
        (method, i) =>
          `${(i === 0 ? title : '').padEnd(level)}  ${method.title.padEnd(width)}  ${scores[i].psnr.toFixed(2).padStart(7)}  ${scores[i].ssim.toFixed(4)}`,
      ),
    ),
    `(${images} ${images === 1 ? 'image' : 'images'}; means of the images' values, outputs neither clipped nor rounded)`,
  ]
}
