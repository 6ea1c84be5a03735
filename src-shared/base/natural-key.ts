/**
 * A key whose plain comparison puts names in natural order: letter case ignored, numbers by value (img2 before img10).
 * Each run of digits is preceded by its length, leading zeros left out; lengths of 9 and more take three characters.
 */
export function naturalKey(name: string): string {
  return name
    .normalize('NFC')
    .toLowerCase()
    .replace(/\d+/g, (digits) => {
      const value = digits.replace(/^0+(?=\d)/, '')
      const { length } = value
      return (length < 9 ? String(length) : `9${String(Math.min(length, 99)).padStart(2, '0')}`) + value
    })
}
