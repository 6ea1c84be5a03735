/** Left and right partners by the names of keypoints. */

/** What a side is called, with what its partner is called: as a word of its own, so that `bright` has no side. */
const sides: readonly [left: string, right: string][] = [
  ['left', 'right'],
  ['l', 'r'],
  ['lt', 'rt'],
  ['lhs', 'rhs'],
]

/** The name of the other side; null: the name has no side. */
export function mirroredName(name: string): string | null {
  if (name.includes('左')) return name.replaceAll('左', '右')
  if (name.includes('右')) return name.replaceAll('右', '左')
  // Words end at a separator, a digit or a change to upper case: `left_eye`, `eye-L`, `leftEye`, `EyeLeft2`.
  const words = name.split(/([^\p{L}]+|(?<=\p{Ll})(?=\p{Lu}))/u)
  for (const [at, word] of words.entries()) {
    const lower = word.toLowerCase()
    for (const pair of sides) {
      const side = pair.indexOf(lower as (typeof pair)[number])
      if (side < 0) continue
      const other = pair[1 - side]
      const cased = word === word.toUpperCase() ? other.toUpperCase() : word[0] === word[0].toUpperCase() ? other[0].toUpperCase() + other.slice(1) : other // prettier-ignore
      return words.with(at, cased).join('')
    }
  }
  return null
}

/** `leftear` and `rightear`: glued to the name, a side counts only where its partner is there (`leftover` has none). */
function gluedName(name: string): string | null {
  const lower = name.toLowerCase()
  for (const [side, other] of [
    ['left', 'right'],
    ['right', 'left'],
  ]) {
    if (lower.startsWith(side)) return other + lower.slice(side.length)
    if (lower.endsWith(side)) return lower.slice(0, -side.length) + other
  }
  return null
}

/** `flip[i]` is the point that i becomes when the image is mirrored; points without a partner are their own. */
export function flipByName(names: readonly string[]): number[] {
  const byName = new Map(names.map((name, at) => [name.toLowerCase(), at]))
  const flip = names.map((_, at) => at)
  names.forEach((name, at) => {
    const other = byName.get(mirroredName(name)?.toLowerCase() ?? '') ?? byName.get(gluedName(name) ?? '')
    if (other !== undefined && other !== at && flip[at] === at && flip[other] === other) {
      flip[at] = other
      flip[other] = at
    }
  })
  return flip
}
