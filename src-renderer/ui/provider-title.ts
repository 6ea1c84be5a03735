/** How a device is called by those who make it. */
const titles: Record<string, string> = {
  cpu: 'CPU',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
  dml: 'DirectML',
  coreml: 'CoreML',
}

export const providerTitle = (provider: string): string => titles[provider] ?? provider
