/** Hands a file to the person's machine, as the browser does with downloads. */
export function saveDataUrl(url: string, name: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
}

export const saveText = (text: string, name: string, mime: string): void =>
  saveBlob(new Blob([text], { type: mime }), name)

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  saveDataUrl(url, name)
  // The download has begun when the click returns; the browser holds the data itself from then on.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
