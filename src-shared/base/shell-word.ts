/** A word of a command as a shell takes it: as it is where nothing in it means more, else between single quotes. */
export const shellWord = (word: string): string =>
  /^[\p{L}\p{N}_./:,=@%+-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
