/** One line of the bench: what is measured, beside what, and how good it has to be. */

/** A figure and what it is measured beside, in the same run. */
export interface Measured {
  readonly value: number
  readonly beside: number
}

export interface Line {
  readonly name: string
  /** Unit of both figures. */
  readonly unit: string
  /** What the figure is measured beside. */
  readonly besideName: string
  /** How the two are compared, and the bound; `difference` is in the unit, `value` looks at the figure alone. */
  readonly goal: {
    readonly kind: 'at most' | 'at least'
    readonly of: 'ratio' | 'difference' | 'value'
    readonly bound: number
  }
}

export interface Result extends Line, Measured {
  readonly ratio: number
  readonly met: boolean
}

/** A group of lines that share their set-up. */
export interface Group {
  readonly name: string
  /** One result per line. */
  run(context: BenchContext): Promise<Result[]>
}

export interface BenchContext {
  /** `host:port` of the Temporal server of this run. */
  readonly temporalAddress: string
  /** The full sizes of the table, which take long. */
  readonly full: boolean
  /** A line for whoever watches. */
  log(text: string): void
}

export function resultOf(line: Line, { value, beside }: Measured): Result {
  const { kind, of, bound } = line.goal
  const compared = of === 'ratio' ? value / beside : of === 'difference' ? value - beside : value
  return {
    ...line,
    value,
    beside,
    ratio: value / beside,
    met: kind === 'at most' ? compared <= bound : compared >= bound,
  }
}
