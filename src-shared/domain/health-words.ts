/** What the health check says of the data, in English. A window takes the same key from its own language. */
const divideThem = 'Divide them into splits.'

export const healthWords = {
  'no-labels': { message: 'The project has no classes.', advice: 'Draw some objects, or import annotations.' },
  undivided: {
    message: '{images} {images|image has|images have} no split yet.',
    advice:
      'The start of a training divides them: 80 % to learn from, 10 % to choose the best weights, 10 % for the end.',
  },
  'no-train': {
    message: 'No usable image is in the split {splits}.',
    advice: 'Divide the images into splits, or train on another split.',
  },
  'no-train-files': {
    message: 'No usable image is in the split {splits}: {missing} {missing|is|are} missing or cannot be read.',
    advice: 'Relink or restore the files.',
  },
  'few-images': {
    message: 'Only {images} {images|image is|images are} learned from.',
    advice:
      'Label more, at least {least}; start from the weights of another run or file; let a first model label the rest.',
  },
  'few-clean-images': {
    message: 'Only {images} {images|image is|images are} learned from.',
    advice: 'Import more, at least {least}.',
  },
  'eval-is-train': {
    message: 'The split {split} is learned from and evaluated on.',
    advice: 'Choose another split to evaluate on: scores on learned images mean nothing.',
  },
  'no-eval': {
    message: 'No usable image is in the split {split}.',
    advice: 'Give it a tenth of the images: without it no best weights can be chosen.',
  },
  'no-eval-files': {
    message: 'No usable image is in the split {split}: {missing} {missing|is|are} missing or cannot be read.',
    advice: 'Relink or restore the files.',
  },
  'few-eval': {
    message: 'Only {images} {images|image is|images are} evaluated on; scores will jump from epoch to epoch.',
    advice: 'Give {split} at least {least} images.',
  },
  unassigned: {
    message: '{images} {images|image belongs|images belong} to no split and {images|takes|take} no part.',
    advice: divideThem,
  },
  'empty-class': {
    message: '{labels}: no object to learn from.',
    advice: 'Label some, move images with them into the training split, or remove the class.',
  },
  'few-objects': {
    message: '{labels}: fewer than {least} objects to learn from.',
    advice: 'Label more of them, or merge them with a similar class.',
  },
  'few-eval-objects': {
    message: '{labels}: fewer than {least} objects in {split}; their scores are chance.',
    advice: 'Divide the images anew, or label more in {split}.',
  },
  imbalance: {
    message: '{labels}: {times} times rarer than the most frequent class ({largest} objects).',
    advice: 'Label more of them; images that show them help most.',
  },
  'missing-images': {
    message: '{images} image {images|file is|files are} missing or cannot be read; {images|it is|they are} left out.',
    advice: 'Relink or restore them.',
  },
  unlabelled: {
    message:
      '{images} training {images|image has no annotation and is|images have no annotation and are} not reviewed; objects on {images|it|them} are learned as background.',
    advice: 'Label them, mark them as reviewed if they are empty, or take them out of the split.',
  },
  'several-classes': {
    message:
      '{images} {images|image has|images have} several classes. A classifier learns one of each image, the one that was given first; the others are taken for wrong.',
    advice: 'Leave one class on each, or give their combination a class of its own.',
  },
  'no-class': {
    message: '{images} training {images|image has no class and is|images have no class and are} left out.',
    advice: 'Give them one, or take them out of the split.',
  },
  leakage: {
    message: '{images} image files are in several splits with the same content; scores on them are too good.',
    advice: 'Keep each in one split.',
  },
  duplicates: {
    message: '{images} image files have the same content as another one of their split.',
    advice: 'Remove what is double; it is learned twice.',
  },
  'near-leakage': {
    message:
      '{pairs} {pairs|pair of nearly equal images lies|pairs of nearly equal images lie} in different splits; scores on them are too good.',
    advice: 'Put images of one scene or one video into the same split.',
  },
} as const satisfies Record<string, { message: string; advice: string }>
export type HealthWordsKey = keyof typeof healthWords
