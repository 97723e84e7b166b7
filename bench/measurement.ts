/** One question, answered by numbers. Each bench file exports one. */
export interface Bench {
  readonly name: string
  readonly question: string
  /** The variant that the others are compared with. Default: the program without nodelens. */
  readonly baseline?: string
  run(settings: BenchSettings): Promise<readonly Measurement[]>
}

export interface BenchSettings {
  /** As short as it can be: shows that the bench works, not how fast anything is. */
  readonly smoke: boolean
  /** The module that `--import` loads in the variant `on`. */
  readonly registerPath: string
  readonly log: (line: string) => void
}

/** All readings of one metric in one variant, one reading a round. */
export interface Measurement {
  readonly metric: string
  readonly unit: string
  readonly variant: string
  readonly readings: readonly number[]
}

/** The variant that the others are compared with. */
export const baseline = 'off'

/** The middle reading, the mean of the two middle ones for an even number. NaN for none. */
export function median(readings: readonly number[]): number {
  const sorted = [...readings].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** One JSON line per measurement, with what is needed to compare it in a year. */
export function jsonLines(
  bench: string,
  measurements: readonly Measurement[],
  smoke: boolean,
): string {
  return measurements
    .map(({ metric, unit, variant, readings }) =>
      JSON.stringify({
        bench,
        metric,
        unit,
        variant,
        median: rounded(median(readings)),
        min: rounded(Math.min(...readings)),
        max: rounded(Math.max(...readings)),
        rounds: readings.length,
        smoke,
        node: process.version,
        platform: `${process.platform}-${process.arch}`,
      }),
    )
    .join('\n')
}

/** A table with a line per metric and variant; the ratio is to one variant of that metric. */
export function table(measurements: readonly Measurement[], base: string = baseline): string {
  const head = ['metric', 'variant', 'median', 'min', 'max', 'ratio']
  const lines = measurements.map((measurement) => {
    const { metric, unit, variant, readings } = measurement
    return [
      `${metric} (${unit})`,
      variant,
      ...[median(readings), Math.min(...readings), Math.max(...readings)].map(shown),
      ratio(measurement, measurements, base),
    ]
  })
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => (line[column] ?? '').length)),
  )
  const text = (line: readonly string[]): string =>
    line
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return [text(head), ...lines.map(text)].join('\n')
}

function ratio(of: Measurement, all: readonly Measurement[], base: string): string {
  const other = all.find(({ metric, variant }) => metric === of.metric && variant === base)
  if (other === undefined || other === of) return ''
  const value = median(of.readings) / median(other.readings)
  return Number.isFinite(value) ? `× ${value.toFixed(3)}` : ''
}

function shown(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2)
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
