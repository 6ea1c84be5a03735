/**
 * How well typed words fit an entry: 0 when any word is missing. A title that begins with the text ranks before one with
 * a word that begins so, before one that contains it, before letters in order; a match in the detail counts least.
 */
export function rankMatch(text: string, title: string, detail = ''): number {
  const name = title.toLowerCase()
  const rest = detail.toLowerCase()
  const whole = text.trim().toLowerCase()
  if (name === whole) return 1000
  let rank = name.startsWith(whole) ? 200 : 0
  for (const word of whole.split(/\s+/)) {
    const one = rankWord(word, name) || (rest.includes(word) ? 5 : 0)
    if (one === 0) return 0
    rank += one
  }
  // Among equals the shorter title is nearer to what was typed.
  return rank + 1 / (1 + name.length)
}

function rankWord(word: string, name: string): number {
  const at = name.indexOf(word)
  if (at === 0) return 100
  if (at > 0) return /[\s\-_./(]/.test(name[at - 1]) ? 80 : 50
  let from = 0
  for (const letter of word) {
    from = name.indexOf(letter, from) + 1
    if (from === 0) return 0
  }
  return word.length > 1 ? 20 : 0
}
