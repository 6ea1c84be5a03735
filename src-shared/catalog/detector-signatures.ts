/** What a detector file's input wants and what its output means. */
import type { ModelInput } from '../domain/model-input'

export type OutputFormat =
  /** [N, A, 5 + C]: cx, cy, w, h in input pixels, objectness, class probabilities. */
  | 'centre-objectness-classes'
  /** The same for the cells of the strides 8, 16, 32, not decoded yet: YOLOX's export. */
  | 'yolox-grid'
  /** [N, 4 + C, A]: cx, cy, w, h in input pixels, class probabilities. */
  | 'centre-classes-columns'
  /** [N, max, 6]: x1, y1, x2, y2, score, class; suppressed. */
  | 'corners-score-class'
  /** [n, 7]: image, class, score, x1, y1, x2, y2; suppressed. */
  | 'listed'

export interface DetectorSpec {
  input: {
    name: string
    type: 'float32' | 'float16' | 'uint8'
    layout: 'nchw' | 'nhwc'
    /** Images per run. */
    batch: number
    width: number
    height: number
  }
  pixels: ModelInput
  output: { name: string; format: OutputFormat; suppressed: boolean }
  classes: number
  /** Class names in output order, when the file tells them. */
  names: string[] | null
}
