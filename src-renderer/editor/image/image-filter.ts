/**
 * Brightness, contrast and stretched channels as one SVG filter on the image's canvas: the pixels themselves are never
 * re-encoded. Each channel becomes `slope * value + intercept`, values 0..1.
 */

export interface ChannelMap {
  readonly slope: number
  readonly intercept: number
}

const unchanged: ChannelMap = { slope: 1, intercept: 0 }

/** The share of the darkest and of the brightest pixels that may be lost when stretching. */
const clipped = 0.005

/**
 * @param brightness, contrast -100..100
 * @param pixels RGBA to stretch by; null for no stretch.
 * @returns maps of R, G, B; null when nothing changes.
 */
export function channelMaps(
  brightness: number,
  contrast: number,
  pixels: Uint8ClampedArray | null,
): readonly [ChannelMap, ChannelMap, ChannelMap] | null {
  if (brightness === 0 && contrast === 0 && !pixels) return null
  // Contrast turns about middle grey; -100 is flat grey, 100 four times as steep.
  const steep = contrast < 0 ? 1 + contrast / 100 : 1 + (3 * contrast) / 100
  const map = (channel: number): ChannelMap => {
    const stretch = pixels ? stretchOf(pixels, channel) : unchanged
    return {
      slope: stretch.slope * steep,
      intercept: (stretch.intercept - 0.5) * steep + 0.5 + brightness / 200,
    }
  }
  return [map(0), map(1), map(2)]
}

function stretchOf(pixels: Uint8ClampedArray, channel: number): ChannelMap {
  const counts = new Uint32Array(256)
  for (let i = channel; i < pixels.length; i += 4) counts[pixels[i]]++
  const total = pixels.length / 4
  const percentile = (share: number) => {
    let seen = 0
    for (let value = 0; value < 256; value++) {
      seen += counts[value]
      if (seen > share * total) return value / 255
    }
    return 1
  }
  const low = percentile(clipped)
  const high = percentile(1 - clipped)
  if (high <= low) return unchanged
  return { slope: 1 / (high - low), intercept: -low / (high - low) }
}

let filters = 0

export class ImageFilter {
  private readonly svg: SVGSVGElement
  private readonly functions: SVGElement[]
  private readonly id = `tagwright-image-filter-${++filters}`

  constructor(container: HTMLElement) {
    const make = (name: string, attributes: Record<string, string>) => {
      const element = document.createElementNS('http://www.w3.org/2000/svg', name)
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
      return element
    }
    this.svg = make('svg', { width: '0', height: '0', 'aria-hidden': 'true' }) as SVGSVGElement
    this.svg.style.position = 'absolute'
    const filter = make('filter', { id: this.id, 'color-interpolation-filters': 'sRGB' })
    const transfer = make('feComponentTransfer', {})
    this.functions = ['feFuncR', 'feFuncG', 'feFuncB'].map((name) => make(name, { type: 'linear' }))
    transfer.append(...this.functions)
    filter.append(transfer)
    this.svg.append(filter)
    container.append(this.svg)
  }

  apply(target: HTMLElement, maps: ReturnType<typeof channelMaps>): void {
    maps?.forEach(({ slope, intercept }, i) => {
      this.functions[i].setAttribute('slope', slope.toFixed(4))
      this.functions[i].setAttribute('intercept', intercept.toFixed(4))
    })
    const css = maps ? `url(#${this.id})` : ''
    // The same reference after a change of its content is not always drawn anew.
    if (target.style.filter === css && css) target.style.filter = ''
    target.style.filter = css
  }

  destroy(): void {
    this.svg.remove()
  }
}
