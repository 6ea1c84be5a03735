/** What the lint says of each finding, in English. A window takes the same key from its own language. */
import type { WordValues } from '../base/fill-words'
import type { LintCode } from './lint'

export const lintWords = {
  'image-missing': 'The image file is not there.',
  'image-unreadable': 'The image file cannot be read.',
  'zero-area': 'The {label} has no area.',
  'outside-image': 'The {label} lies outside the image of {width} x {height} pixels.',
  'outside-image-points': 'All keypoints of the {label} lie outside the image of {width} x {height} pixels.',
  'keypoint-count': 'The {label} has {points} keypoints; its skeleton has {expected}.',
  'crosses-border': 'The {label} reaches {beyond} pixels beyond the border.',
  'crosses-border-points': '{points} keypoints of the {label} lie outside the image.',
  duplicate: 'The {label} is there twice.',
  'label-conflict': 'The same object is labelled {otherLabel} and {label}.',
  'no-keypoints': 'The {label} has no labelled keypoint.',
  'swapped-sides': 'Left and right of the {label} look swapped at {limbs}.',
  'class-not-in-train': 'None of the {objects} objects labelled {label} is in the training split.',
  imbalance: '{label} has {objects} objects, {most} has {mostObjects}.',
  tiny: 'The {label} is {width} x {height} pixels.',
  'unused-label': 'No object is labelled {label}.',
} as const satisfies Record<LintCode, string> & Record<string, string>
export type LintWordsKey = keyof typeof lintWords

/** Some findings say another thing of keypoints, which they count. */
export function lintWordsKey(code: LintCode, values: WordValues): LintWordsKey {
  const ofPoints = `${code}-points`
  return 'points' in values && ofPoints in lintWords ? (ofPoints as LintWordsKey) : code
}
