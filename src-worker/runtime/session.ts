/** The gate to onnxruntime-node: opening and running models on one execution provider. */
import * as ort from 'onnxruntime-node'
import { TagwrightError } from '@shared/base/errors'
import type { Provider } from '@shared/domain/recipe'

export type Tensor = ort.Tensor
export type ConcreteProvider = Exclude<Provider, 'auto'>
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array

export interface SessionOptions {
  provider: ConcreteProvider
  /** Threads for one op; default: all cores. */
  threads?: number
  /** Writes a profile (JSON trace) beginning with this path when the session ends. */
  profile?: string
  /** ONNX Runtime's own graph optimisations; off where the graph is already lowered. */
  optimize?: 'disabled' | 'basic' | 'extended' | 'all'
  /**
   * `strict`, the default: every node runs on the provider, or the model is refused. `any`: what the provider lacks runs
   * on the processor; right for files made elsewhere, whose operations nobody here chose.
   */
  placement?: 'strict' | 'any'
  /** Of a model that is given as bytes: the folder of the weights that lie beside it. */
  externalFolder?: string
}

export interface Session {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  run(feeds: Record<string, ort.Tensor>): Promise<Record<string, ort.Tensor>>
  /** Ends profiling, if it was on. */
  endProfiling(): void
  close(): Promise<void>
}

/** @param data numbers in the order of the shape; float16 as the bits of its numbers. */
export function tensor(
  type: 'float32' | 'float16' | 'uint8' | 'int32' | 'int64',
  data: TensorData,
  shape: readonly number[],
): ort.Tensor {
  const made = new ort.Tensor(type as 'float32', data as Float32Array, shape)
  // Where JavaScript has float16 arrays of its own the library converts to them, and its native part finds them empty.
  if (type === 'float16') Object.defineProperty(made, 'cpuData', { value: data })
  return made
}

/**
 * @param model bytes of a model, or the path of a file.
 * @throws `provider-unavailable` when the provider cannot be started here, `not-on-provider`, `bad-model` when the runtime refuses the model.
 */
export async function openSession(model: Uint8Array | string, options: SessionOptions): Promise<Session> {
  const { provider, threads = 0, profile, optimize = 'all', placement = 'strict', externalFolder } = options
  requireBackend(provider)
  const settings: ort.InferenceSession.SessionOptions = {
    // In the default layout (NHWC) some convolutions are silently wrong: 6, 9, 15... input channels, some groups.
    executionProviders: [provider === 'webgpu' ? { name: 'webgpu', preferredLayout: 'NCHW' } : provider],
    graphOptimizationLevel: optimize,
    logSeverityLevel: 3,
    enableMemPattern: false,
    ...(threads ? { intraOpNumThreads: threads } : {}),
    ...(profile ? { enableProfiling: true, profileFilePrefix: profile } : {}),
    extra: {
      session: {
        // Threads that spin while they wait cost people who annotate during a run, and a loaded machine, far more than
        // they gain the run.
        intra_op: { allow_spinning: '0' },
        // A node that silently lands on the CPU would make a GPU run slow and hard to understand: refuse instead.
        ...(provider === 'webgpu' && placement === 'strict' ? { disable_cpu_ep_fallback: '1' } : {}),
        ...(externalFolder === undefined ? {} : { model_external_initializers_file_folder_path: externalFolder }),
      },
    },
  }
  let session: ort.InferenceSession
  try {
    session = await (typeof model === 'string'
      ? ort.InferenceSession.create(model, settings)
      : ort.InferenceSession.create(model, settings))
  } catch (error) {
    throw explain(error, provider)
  }
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    async run(feeds) {
      try {
        return (await session.run(feeds)) as Record<string, ort.Tensor>
      } catch (error) {
        throw explain(error, provider)
      }
    },
    endProfiling: () => session.endProfiling(),
    close: () => session.release(),
  }
}

/** Where each provider exists at all. */
const homes: Record<ConcreteProvider, string> = {
  cpu: 'every machine',
  webgpu: 'machines with a driver for Vulkan, Direct3D 12 or Metal',
  cuda: 'Linux and Windows machines with an NVIDIA GPU, CUDA 12 and cuDNN 9',
  dml: 'Windows machines with a Direct3D 12 GPU',
  coreml: 'Macs',
}

/** @throws `provider-unavailable` when this build of ONNX Runtime does not contain the provider. */
function requireBackend(provider: ConcreteProvider): void {
  const known = ort.listSupportedBackends().flatMap(({ name }) => (name in homes ? [name] : []))
  if (known.includes(provider)) return
  throw new TagwrightError(
    'provider-unavailable',
    `The ${provider} provider is not part of ONNX Runtime for ${process.platform} ${process.arch}; it works on ${homes[provider]}. Choose one of ${known.join(', ')}, or auto.`,
    { provider },
  )
}

/** Version of the runtime. */
export const runtimeVersion = (): string => ort.env.versions.node ?? ort.env.versions.common

function explain(error: unknown, provider: ConcreteProvider): TagwrightError {
  const text = error instanceof Error ? error.message : String(error)
  if (/out of memory|OUT_OF_DEVICE_MEMORY|bad_alloc|Failed to allocate|exceeds the max buffer/i.test(text))
    return new TagwrightError(
      'out-of-memory',
      `The ${provider} provider ran out of memory (${text.slice(0, 200)}). Use a smaller batch or input size.`,
      { provider },
      { cause: error },
    )
  if (provider === 'cuda' && /providers_(cuda|shared)|load shared library|libcu|libnv/i.test(text))
    return new TagwrightError(
      'provider-unavailable',
      `The cuda provider lacks libraries on this machine (${text.slice(-200)}). Install CUDA 12 and cuDNN 9, then run "node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12"; or choose webgpu, which needs only the driver.`,
      { provider },
      { cause: error },
    )
  if (provider === 'webgpu' && /webgpu_context|adapter/i.test(text))
    return new TagwrightError(
      'provider-unavailable',
      `The webgpu provider found no GPU: no driver for Vulkan, Direct3D 12 or Metal answered. Install or update the driver of the GPU, or choose cpu.`,
      { provider },
      { cause: error },
    )
  if (/fallback to CPU EP has been explicitly disabled/i.test(text))
    return new TagwrightError(
      'not-on-provider',
      `The model has operations that the ${provider} provider does not have, and nothing is moved to the processor silently. Choose cpu.`,
      { provider },
      { cause: error },
    )
  if (/requires f16/i.test(text))
    return new TagwrightError(
      'not-on-provider',
      `This GPU has no 16-bit floats (WebGPU's shader-f16), in which features of frozen layers and half-precision models are kept. Choose cpu, or train without "freeze".`,
      { provider },
      { cause: error },
    )
  // The processor is always there, and a file that does not parse says nothing about its provider.
  const aboutModel = provider === 'cpu' || /protobuf|load model/i.test(text)
  if (
    !aboutModel &&
    /no available backend|not supported on|adapter|provider .*not|is not available|Unknown provider|libcuda|CUDA failure|failed to load/i.test(
      text,
    )
  )
    return new TagwrightError(
      'provider-unavailable',
      `The ${provider} provider cannot be started on this machine (${text.slice(0, 200)}). Choose another with --provider; "tagwright doctor" lists what works.`,
      { provider },
      { cause: error },
    )
  return new TagwrightError(
    'bad-model',
    `ONNX Runtime refused the model: ${text.slice(0, 500)}`,
    { provider },
    { cause: error },
  )
}
