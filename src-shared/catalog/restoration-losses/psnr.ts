import { defineRestorationLoss } from './define'
import { negativePsnr } from './means'

/** Minus the mean PSNR of the images, dB. */
export default defineRestorationLoss({
  title: 'PSNR',
  source: 'the loss of NAFNet, arXiv:2204.04676',
  weight: 1,
  build: negativePsnr,
})
