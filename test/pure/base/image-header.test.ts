import { describe, expect, it } from 'vitest'
import { decodeBmp } from '@shared/base/decode-bmp'
import { readImageHeader } from '@shared/base/image-header'
import { parseXml, xmlText } from '@shared/base/xml'
import type { Shape } from '@shared/domain/annotation'
import { orientPoint, orientShape } from '@shared/domain/orient-shape'

const header = (bytes: number[]) => {
  const all = Uint8Array.from(bytes)
  return readImageHeader((offset, length) => all.subarray(offset, offset + length))
}
const u16 = (n: number) => [n & 255, (n >> 8) & 255]
const u32 = (n: number) => [...u16(n & 0xffff), ...u16((n >>> 16) & 0xffff)]

describe('readImageHeader', () => {
  const exif = (orientation: number) => [
    0xff,
    0xe1,
    0,
    34,
    ...Buffer.from('Exif\0\0II'),
    ...u16(42),
    ...u32(8),
    ...u16(1),
    ...u16(0x112),
    ...u16(3),
    ...u32(1),
    ...u16(orientation),
    0,
    0,
    ...u32(0),
  ]
  const sof = [0xff, 0xc2, 0, 11, 8, 0, 48, 0, 64, 1, 0, 0, 0]

  it('reads JPEG with EXIF, past fill bytes and other segments', () => {
    expect(header([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, ...exif(6), ...sof])).toEqual({
      type: 'jpeg',
      rawWidth: 64,
      rawHeight: 48,
      orientation: 6,
      width: 48,
      height: 64,
    })
    expect(header([0xff, 0xd8, ...sof])).toMatchObject({ width: 64, height: 48, orientation: 1 })
  })
  it.each([
    ['nothing', []],
    ['a text', [...Buffer.from('hello world')]],
    ['a JPEG that ends before its size', [0xff, 0xd8, 0xff, 0xe0, 0, 4]],
    ['a JPEG of scans without a frame', [0xff, 0xd8, 0xff, 0xda, 0, 4, 0, 0]],
    ['a PNG cut off in its header', [0x89, ...Buffer.from('PNG\r\n'), 26, 10, 0, 0]],
    ['an EXIF that points outside', [0xff, 0xd8, ...exif(6).slice(0, 20)]],
  ])('gives null for %s', (_, bytes) => expect(header(bytes)).toBeNull())
})

describe('decodeBmp', () => {
  const bmp = (
    width: number,
    height: number,
    bits: number,
    pixels: number[],
    { palette = [] as number[], compression = 0, extra = [] as number[] } = {},
  ) => {
    const at = 54 + extra.length + palette.length
    return Uint8Array.from([
      ...Buffer.from('BM'),
      ...u32(at + pixels.length),
      ...u32(0),
      ...u32(at),
      ...u32(40),
      ...u32(width),
      ...u32(height),
      ...u16(1),
      ...u16(bits),
      ...u32(compression),
      ...u32(pixels.length),
      ...u32(0),
      ...u32(0),
      ...u32(palette.length / 4),
      ...u32(0),
      ...extra,
      ...palette,
      ...pixels,
    ])
  }
  const pixels = (bytes: Uint8Array) => [...decodeBmp(bytes).data]
  const [red, blue] = [[255, 0, 0, 255], [0, 0, 255, 255]] // prettier-ignore

  it('reads 24 bit bottom-up with padded rows, and top-down', () => {
    expect(pixels(bmp(1, 2, 24, [255, 0, 0, 0, 0, 0, 255, 0]))).toEqual([...red, ...blue])
    expect(pixels(bmp(1, -2, 24, [255, 0, 0, 0, 0, 0, 255, 0]))).toEqual([...blue, ...red])
  })
  it('reads 32 bit, 16 bit, bit fields and palettes of 8, 4 and 1 bit', () => {
    expect(pixels(bmp(1, 1, 32, [0, 0, 255, 7]))).toEqual(red)
    expect(pixels(bmp(1, 1, 16, [0x00, 0x7c, 0, 0]))).toEqual(red)
    expect(
      pixels(
        bmp(1, 1, 16, [0x00, 0xf8, 0, 0], { compression: 3, extra: [...u32(0xf800), ...u32(0x7e0), ...u32(0x1f)] }),
      ),
    ).toEqual(red)
    const palette = [255, 0, 0, 0, 0, 0, 255, 0]
    expect(pixels(bmp(2, 1, 8, [1, 0, 0, 0], { palette }))).toEqual([...red, ...blue])
    expect(pixels(bmp(2, 1, 4, [0x10, 0, 0, 0], { palette }))).toEqual([...red, ...blue])
    expect(pixels(bmp(2, 1, 1, [0x80, 0, 0, 0], { palette }))).toEqual([...red, ...blue])
  })
  it.each([
    [bmp(1, 2, 24, [0, 0, 255, 0]), 'The bitmap is cut off: it has 58 of 62 bytes. Save it again as PNG.'],
    [bmp(1, 1, 8, [0, 0, 0, 0], { compression: 1 }), 'The bitmap is compressed. Save it again as PNG.'],
    [
      bmp(1 << 20, 1 << 20, 24, []),
      'The bitmap has the size 1048576 x 1048576, which cannot be read. Save it again as PNG.',
    ],
    [bmp(1, 1, 7, [0, 0, 0, 0]), 'The bitmap has 7 bits a pixel, which is not known. Save it again as PNG.'],
    [Uint8Array.from([66, 77, 1]), 'The bitmap has no readable header. Save it again as PNG.'],
  ])('refuses damage %#', (bytes, message) => expect(() => decodeBmp(bytes)).toThrow(message))
})

describe('orientShape', () => {
  it('takes a point through every orientation and back by its inverse', () => {
    const inverse = [0, 1, 2, 3, 4, 5, 8, 7, 6]
    for (let orientation = 1; orientation <= 8; orientation++) {
      const upright = orientPoint([3, 5], orientation, 40, 30)
      const [w, h] = orientation >= 5 ? [30, 40] : [40, 30]
      expect(orientPoint(upright, inverse[orientation], w, h)).toEqual([3, 5])
    }
    // Orientation 6: the camera was turned; the stored left edge is the upright top edge's right end.
    expect(orientPoint([0, 0], 6, 40, 30)).toEqual([30, 0])
  })
  it('turns every kind', () => {
    const turn = (shape: Shape) => orientShape(shape, 6, 40, 30)
    expect(turn({ kind: 'box', box: [0, 0, 10, 5] })).toEqual({ kind: 'box', box: [25, 0, 30, 10] })
    expect(turn({ kind: 'polygon', rings: [[[0, 0], [10, 0], [10, 5]]] })).toEqual({ kind: 'polygon', rings: [[[30, 0], [30, 10], [25, 10]]] }) // prettier-ignore
    expect(turn({ kind: 'keypoints', keypoints: [[10, 5, 2], [0, 0, 0]] })).toEqual({ kind: 'keypoints', keypoints: [[25, 10, 2], [0, 0, 0]] }) // prettier-ignore
    const turned = turn({ kind: 'rotated-box', rotatedBox: [10, 5, 4, 2, 0] })
    expect(turned.kind === 'rotated-box' && turned.rotatedBox.map((n) => Math.round(n * 1e9) / 1e9)).toEqual([
      25, 10, 4, 2, 90,
    ])
    // 2 columns x 3 rows, the first column's top pixel set: it becomes the top row's right end.
    expect(orientShape({ kind: 'mask', mask: { size: [3, 2], counts: [0, 1, 5] } }, 6, 2, 3)).toEqual({
      kind: 'mask',
      mask: { size: [2, 3], counts: [4, 1, 1] },
    })
  })
})

describe('parseXml', () => {
  it('reads attributes, CDATA, comments, entities and line numbers', () => {
    const root = parseXml(
      '\ufeff<?xml version="1.0"?>\n<!-- <a> -->\n<a x="1 &lt; 2" y=\'"\'>\n<b>&#65;&#x42;&amp;</b><c><![CDATA[<&>]]></c><d/>\n</a>',
    )
    expect(root.attributes).toEqual({ x: '1 < 2', y: '"' })
    expect(
      root.children.map((child) =>
        typeof child === 'string' ? child : `${child.name} ${child.line} ${xmlText(child)}`,
      ),
    ).toEqual(['b 4 AB&', 'c 4 <&>', 'd 4 '])
  })
  it('keeps an attribute called __proto__ an attribute', () => {
    expect(Object.keys(parseXml('<a __proto__="x"/>').attributes)).toEqual(['__proto__'])
  })
})
