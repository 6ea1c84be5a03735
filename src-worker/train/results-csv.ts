/** results.csv: one line per epoch, a column per series, in the order in which series first appear. */
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'

export class ResultsCsv {
  private readonly file: string
  private readonly rows: Map<string, number>[] = []
  private readonly columns: string[] = []

  /** @param epochs keep only this many lines of an existing file: those before the checkpoint a run resumes from. */
  constructor(file: string, epochs: number) {
    this.file = file
    if (epochs === 0 || !existsSync(file)) return
    const [header, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n')
    this.columns.push(...header.split(',').slice(1))
    for (const line of lines) {
      const [epoch, ...cells] = line.split(',')
      if (Number(epoch) > epochs) continue
      const row = new Map([['epoch', Number(epoch)]])
      cells.forEach((cell, i) => cell !== '' && row.set(this.columns[i], Number(cell)))
      this.rows.push(row)
    }
  }

  /** @param epoch epochs done, 1 for the first line. */
  async append(epoch: number, values: Record<string, number>): Promise<void> {
    const row = new Map([['epoch', epoch]])
    for (const [series, value] of Object.entries(values)) {
      if (!this.columns.includes(series)) this.columns.push(series)
      row.set(series, value)
    }
    this.rows.push(row)
    const lines = this.rows.map((r) => ['epoch', ...this.columns].map((c) => r.get(c) ?? '').join(','))
    await writeFile(this.file, `${['epoch', ...this.columns].join(',')}\n${lines.join('\n')}\n`)
  }
}
