/** Results as a Markdown table. */
import type { Result } from './line.js'

/** What `--readme` has written, by the sizes of the run. */
const MARKS = {
  usual: ['<!-- begin: written by npm run bench -- --readme -->', '<!-- end -->'],
  full: ['<!-- begin: written by npm run bench -- --full --readme -->', '<!-- end of the full sizes -->'],
} as const

export type Sizes = keyof typeof MARKS

export function table(results: readonly Result[]): string {
  const rows = results.map(({ name, value, unit, beside, besideName, ratio, goal, met }) => [
    name,
    `${number(value)} ${unit}`,
    `${number(beside)} ${unit} (${besideName})`,
    number(ratio),
    `${goal.kind} ${number(goal.bound)}${goal.of === 'ratio' ? ' ×' : ` ${unit}${goal.of === 'difference' ? ' more' : ''}`}`,
    met ? 'yes' : 'NO',
  ])
  const head = ['what', 'here', 'beside', 'ratio', 'goal', 'met']
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/** The README with the table between the marks of these sizes. */
export function withTable(readme: string, sizes: Sizes, results: readonly Result[], conditions: string): string {
  const [begin, end] = MARKS[sizes]
  const [before = ''] = readme.split(begin)
  const after = readme.split(end)[1] ?? ''
  return `${before}${begin}\n${table(results)}\n\n${conditions}.\n${end}${after}`
}

function number(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  if (Math.abs(value) < 0.1) return String(Number(value.toPrecision(1)))
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
