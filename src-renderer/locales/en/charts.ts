export default {
  background: 'Background',
  truth: 'True class',
  predicted: 'Predicted',
  cell: '{count} predicted {predicted}, truly {truth} ({share} of {truth})',
  confusion: 'Confusion matrix of {count} classes and background',
}
