/** The findings of the data set's lint. Codes are stored and translated by the window, so they never change. */

export const lintCodes = [
  'image-missing',
  'image-unreadable',
  'zero-area',
  'outside-image',
  'keypoint-count',
  'crosses-border',
  'duplicate',
  'label-conflict',
  'no-keypoints',
  'swapped-sides',
  'class-not-in-train',
  'imbalance',
  'tiny',
  'unused-label',
] as const
export type LintCode = (typeof lintCodes)[number]
export type LintSeverity = 'error' | 'warning' | 'info'

export const lintSeverity: Record<LintCode, LintSeverity> = {
  'image-missing': 'error',
  'image-unreadable': 'error',
  'zero-area': 'error',
  'outside-image': 'error',
  'keypoint-count': 'error',
  'crosses-border': 'warning',
  duplicate: 'warning',
  'label-conflict': 'warning',
  'no-keypoints': 'warning',
  'swapped-sides': 'warning',
  'class-not-in-train': 'warning',
  imbalance: 'info',
  tiny: 'info',
  'unused-label': 'info',
}
