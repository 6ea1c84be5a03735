/** Colours of the canvas's own marks, and colours derived from a label's. */

export interface CanvasColors {
  readonly ground: string
  readonly handleFill: string
  readonly handleStroke: string
  readonly halo: string
  readonly guide: string
  readonly readout: string
  readonly readoutText: string
  readonly verified: string
  readonly unlabelled: string
}

export const canvasColors: Record<'light' | 'dark', CanvasColors> = {
  light: {
    ground: '#e4e6ea',
    handleFill: '#ffffff',
    handleStroke: '#1f2937',
    halo: 'rgba(255,255,255,0.9)',
    guide: '#111827',
    readout: 'rgba(17,24,39,0.88)',
    readoutText: '#ffffff',
    verified: '#2f9e44',
    unlabelled: '#6b7280',
  },
  dark: {
    ground: '#14161a',
    handleFill: '#ffffff',
    handleStroke: '#0b0d10',
    halo: 'rgba(0,0,0,0.75)',
    guide: '#f3f4f6',
    readout: 'rgba(243,244,246,0.92)',
    readoutText: '#111827',
    verified: '#40c057',
    unlabelled: '#9ca3af',
  },
}

/** 0..255 each; black for anything that is not `#rrggbb`. */
export function rgbOf(color: string): readonly [r: number, g: number, b: number] {
  const value = /^#[0-9a-f]{6}$/i.test(color) ? Number.parseInt(color.slice(1), 16) : 0
  return [value >> 16, (value >> 8) & 255, value & 255]
}

export function withAlpha(color: string, alpha: number): string {
  const [r, g, b] = rgbOf(color)
  return `rgba(${r},${g},${b},${alpha})`
}

/** Black or white, whichever reads better on the colour (WCAG relative luminance). */
export function textOn(color: string): string {
  const [r, g, b] = rgbOf(color).map((channel) => {
    const c = channel / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000000' : '#ffffff'
}

/** Left, right and middle points of a pose stay apart under colour-vision deficiencies. */
export const sideColors = { left: '#56b4e9', right: '#e69f00' } as const
