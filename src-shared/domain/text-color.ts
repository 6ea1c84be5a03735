/**
 * Black or white, whichever is read better on a colour: by WCAG's relative luminance the one with the higher contrast.
 * @param color `#rrggbb`; anything else counts as dark.
 */
export function textColor(color: string): '#000000' | '#ffffff' {
  const hex = /^#([0-9a-f]{6})$/i.exec(color)?.[1]
  if (hex === undefined) return '#ffffff'
  const [r, g, b] = [0, 2, 4].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? '#000000' : '#ffffff'
}
