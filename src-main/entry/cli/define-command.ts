import { Command, InvalidArgumentError } from 'commander'

/** A command with `--json` and examples; every command is made by this. */
export function defineCommand(usage: string, summary: string, examples: readonly string[]): Command {
  return new Command(usage.split(' ')[0])
    .description(summary)
    .usage(usage.split(' ').slice(1).join(' '))
    .option('--json', 'print one JSON document on stdout')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ tagwright ${example}`).join('\n')}`)
    .allowExcessArguments(false)
}

export const number =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value) || value < low || value > high) {
      throw new InvalidArgumentError(`It must be a number from ${low} to ${high}.`)
    }
    return value
  }

export const integer =
  (low: number, high = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isInteger(value) || value < low || value > high) {
      const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `from ${low} to ${high}`
      throw new InvalidArgumentError(`It must be a whole number ${range}.`)
    }
    return value
  }

export const autoOr =
  <T>(parse: (text: string) => T) =>
  (text: string): T | 'auto' =>
    text === 'auto' ? text : parse(text)

export const oneOf =
  <const C extends readonly string[]>(...choices: C) =>
  (text: string): C[number] => {
    if (choices.includes(text)) return text
    throw new InvalidArgumentError(`Choose one of: ${choices.join(', ')}.`)
  }

export const listOf =
  <T>(parse: (text: string) => T) =>
  (text: string): T[] =>
    text.split(',').map((part) => parse(part.trim()))
