import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** What a test or benchmark may want from outside the repository. */
export type Need = 'data' | 'golden' | 'browser' | 'gpu' | 'torch' | 'pycocotools' | 'onnxruntime' | 'dcraw'

/** Where it is, or why it is not there and what to do. */
export type Found = { path: string } | { reason: string }

function findFolder(root: string, variable: string, fallback: string, probe: string): Found {
  const path = resolve(root, process.env[variable] ?? fallback)
  if (existsSync(join(path, probe))) return { path }
  return { reason: `${join(path, probe)} is not there; set ${variable} to the folder that holds ${probe}` }
}

function findBrowser(): Found {
  const named = process.env.CHROMIUM
  const places = named ? [named] : ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  const path = places.find((place) => existsSync(place))
  if (path) return { path }
  return { reason: `no Chromium at ${places.join(', ')}; install one or set CHROMIUM to the program` }
}

/** Debian's and Ubuntu's chromium packages bring SwiftShader, a Vulkan driver in software. */
const softwareVulkan = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
]

/** True when a real graphics device and a driver for it are present; others (macOS, Windows) bring their own. */
function hasGraphicsDevice(): boolean {
  if (process.platform !== 'linux') return true
  if (existsSync('/dev/nvidia0')) return true
  return existsSync('/dev/dri') && readdirSync('/dev/dri').some((name) => name.startsWith('renderD'))
}

/** The loader that finds drivers; programs such as Chromium bring their own, ONNX Runtime looks for the system's. */
function hasVulkanLoader(): boolean {
  if (process.platform !== 'linux') return true
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
  const folders = [`/usr/lib/${triplet}`, `/lib/${triplet}`, '/usr/lib64', '/usr/lib', '/usr/local/lib']
  const named = (process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean)
  return [...named, ...folders].some((folder) => existsSync(join(folder, 'libvulkan.so.1')))
}

function findGpu(): Found {
  if (!hasVulkanLoader()) return { reason: 'libvulkan.so.1 is not there; apt-get install libvulkan1' }
  const named = process.env.VK_DRIVER_FILES
  if (named) {
    const missing = named.split(':').find((file) => !existsSync(file))
    return missing
      ? { reason: `VK_DRIVER_FILES names ${missing}, which is not there; correct or unset it` }
      : { path: named }
  }
  if (hasGraphicsDevice()) return { path: '' }
  const path = softwareVulkan.find((file) => existsSync(file))
  if (!path)
    return { reason: "no graphics device and no software Vulkan; install Debian's chromium or set VK_DRIVER_FILES" }
  // onnxruntime reads the variable when it makes its first device, so setting it here is early enough.
  process.env.VK_DRIVER_FILES = path
  return { path }
}

function findTorch(): Found {
  const named = process.env.TAGWRIGHT_PYTHON
  const places = named ? [named] : ['/usr/bin/python3', 'python3']
  for (const path of places) {
    try {
      execFileSync(path, ['-c', 'import torch'], { stdio: 'ignore', timeout: 60_000 })
      return { path }
    } catch {
      continue
    }
  }
  return {
    reason: `PyTorch is not importable in ${places.join(', ')}; apt-get install python3-torch or set TAGWRIGHT_PYTHON`,
  }
}

function findPycocotools(): Found {
  const named = process.env.TAGWRIGHT_PYTHON
  const places = [...(named ? [named] : []), '/usr/bin/python3', 'python3']
  for (const path of places) {
    try {
      execFileSync(path, ['-c', 'import pycocotools.cocoeval'], { stdio: 'ignore', timeout: 60_000 })
      return { path }
    } catch {
      continue
    }
  }
  return {
    reason: `pycocotools is not importable in ${places.join(', ')}; pip install pycocotools or set TAGWRIGHT_PYTHON`,
  }
}

/** A Python in which programs for exported models run. */
function findOnnxruntime(): Found {
  const named = process.env.TAGWRIGHT_PYTHON
  const places = [...(named ? [named] : []), '/usr/bin/python3', 'python3']
  for (const path of places) {
    try {
      execFileSync(path, ['-c', 'import cv2, numpy, onnxruntime'], { stdio: 'ignore', timeout: 60_000 })
      return { path }
    } catch {
      continue
    }
  }
  return {
    reason: `onnxruntime, cv2 and numpy are not importable in ${places.join(', ')}; pip install onnxruntime opencv-python-headless numpy or set TAGWRIGHT_PYTHON`,
  }
}

/** Another decoder of camera files, which ours is compared with. */
function findDcraw(): Found {
  const places = [...(process.env.DCRAW ? [process.env.DCRAW] : []), '/usr/bin/dcraw', '/usr/local/bin/dcraw']
  const path = places.find((place) => existsSync(place))
  return path ? { path } : { reason: `no dcraw at ${places.join(', ')}; apt-get install dcraw or set DCRAW` }
}

const finders: Record<Need, (root: string) => Found> = {
  data: (root) => findFolder(root, 'TAGWRIGHT_DATA', '../shared/data', 'detect/bccd'),
  golden: (root) => findFolder(root, 'TAGWRIGHT_GOLDEN', '../shared/golden', 'yolox_nano/manifest.json'),
  browser: findBrowser,
  gpu: findGpu,
  torch: findTorch,
  pycocotools: findPycocotools,
  onnxruntime: findOnnxruntime,
  dcraw: findDcraw,
}

/** Looks for something outside the repository; relative folders are taken from `root`, the project's root. */
export function findOutside(name: Need, root: string): Found {
  return finders[name](root)
}
