/** The only place that knows the chart library: what is used of it, and its look made from the tokens. */
import { BarChart, HeatmapChart, LineChart } from 'echarts/charts'
import {
  DataZoomInsideComponent,
  GridComponent,
  LegendScrollComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
} from 'echarts/components'
import { init, use, type EChartsType } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

use([
  BarChart,
  HeatmapChart,
  LineChart,
  DataZoomInsideComponent,
  GridComponent,
  LegendScrollComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
  CanvasRenderer,
])

export type Chart = EChartsType
export { init as initChart }

export interface ChartColors {
  text: string
  muted: string
  grid: string
  axis: string
  surface: string
  accent: string
  /** Of series without a colour of their own: told apart with any kind of colour vision (after Okabe and Ito, 2008). */
  series: readonly string[]
}

const onLight = ['#2c5bd3', '#c2570c', '#13795b', '#9b3fb5', '#8f6b00', '#c22f3f', '#0b7fa6', '#5d6675']
const onDark = ['#86a5ff', '#f0a35e', '#4fc99c', '#d696ea', '#dcc14b', '#ff8089', '#5cc3ea', '#aab2c0']

/** The tokens of the theme that the page has now. */
export function chartColors(dark: boolean): ChartColors {
  const style = getComputedStyle(document.documentElement)
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    text: token('text'),
    muted: token('text-3'),
    grid: token('border'),
    axis: token('border-strong'),
    surface: token('raised'),
    accent: token('accent'),
    series: dark ? onDark : onLight,
  }
}
