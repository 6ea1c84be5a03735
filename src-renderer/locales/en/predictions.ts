export default {
  group: 'Predictions',
  predict: 'Predict on this image',
  accept: 'Accept the selected predictions',
  reject: 'Reject the selected predictions',
  acceptAll: 'Accept all predictions from score .5 on',
}
