import { formatNumber } from '../../ui/format'

/** A number of a feature map in four digits or so: they reach from millionths to thousands. */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2)
  return formatNumber(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
}
