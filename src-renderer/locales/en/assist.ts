export default {
  title: 'Train while labelling',
  help: 'A model learns from your labels in the background and marks the next images for you. Enter accepts a marked box, Shift+Enter all sure ones.',
  every: 'Learn after so many new labels',
  start: 'Start',
  stop: 'Stop',
  starting: 'Opening the model…',
  learning: 'Learning from your labels…',
  fresh: '{fresh} of {every} new labels.',
  base: 'Began from “{name}”.',
  last: 'Learned last {time}, in {seconds}, from {images} images; loss {loss}.',
  ready: 'A model has learned from {images} images in {time}; the next images come with its boxes.',
}
