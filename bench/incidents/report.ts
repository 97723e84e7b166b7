/** What people read: a row per run, the summary under it (pure). */
import type { IncidentScore, RunScore } from './score.ts'
import type { Summary } from './summary.ts'

const statementLength = 150

/** A heading and a row per run. */
export function table(scores: readonly RunScore[]): string {
  const heading = row(['id', 'category', 'score', 'seen', 'cause', 'names', 'fix', 'right', ''])
  return [heading, ...scores.map((one) => row(cells(one)))].join('\n')
}

function cells(one: RunScore): readonly string[] {
  if (one.type === 'control') {
    const { falseAlarms } = one
    const verdict = falseAlarms.length === 0 ? 'silent' : `FALSE ALARM × ${falseAlarms.length}`
    return [one.id, one.category, '', '', '', '', '', '', [verdict, ...falseAlarms].join(' | ')]
  }
  return [
    one.id,
    one.category,
    one.score.toFixed(2),
    seconds(one.detectedAfterSeconds, one.isDetected),
    one.isRootCauseFirst ? 'first' : one.isRootCauseAnywhere ? 'later' : 'no',
    names(one),
    one.verdict.hasRemedy ? 'yes' : 'no',
    `${Math.round(one.precision * one.claims)}/${one.claims}`,
    remark(one),
  ]
}

/** File, function, line: a letter for each that was named. */
function names({ verdict }: IncidentScore): string {
  const letter = (name: string, holds: boolean | undefined): string =>
    (holds ?? verdict.isRootCause) ? name : '-'
  return [
    letter('F', verdict.namesFile),
    letter('f', verdict.namesFunction),
    letter('l', verdict.namesLine),
  ].join('')
}

function remark({ wrongClaims, falseAlarms, firstStatement }: IncidentScore): string {
  const wrong = wrongClaims.map((words) => `WRONG: ${words}`)
  const early = falseAlarms.map((words) => `TOO EARLY: ${words}`)
  const said = firstStatement?.replaceAll(/\s+/g, ' ').slice(0, statementLength) ?? 'nothing said'
  return [...wrong, ...early, said].join(' | ')
}

function seconds(value: number | undefined, isDetected: boolean): string {
  return value === undefined ? (isDetected ? '?' : '-') : `${value.toFixed(1)}s`
}

const widths = [9, 24, 5, 6, 5, 5, 3, 5]

function row(columns: readonly string[]): string {
  return columns
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join('  ')
    .trimEnd()
}

/** The summary as a few lines. */
export function summaryText(summary: Summary): string {
  const { incidents, controls } = summary
  const of = (count: number): string => `${count}/${incidents}`
  return [
    `detected ${of(summary.detected)}; root cause first ${of(summary.rootCauseFirst)} (anywhere ${of(summary.rootCauseAnywhere)}); file ${of(summary.file)}, function ${of(summary.function)}, line ${of(summary.line)}; mean score ${summary.meanScore?.toFixed(3) ?? '-'}`,
    `wrong claims in ${summary.wrongClaims} incidents; false alarms: ${summary.falseAlarmsInBaseline} before a fault, ${summary.falseAlarmsOnControls} on controls (${summary.silentControls}/${controls} silent)`,
    `median time to detection ${time(summary.medianDetectedSeconds)}, to the root cause ${time(summary.medianRootCauseSeconds)}`,
  ].join('\n')
}

function time(value: number | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(1)} s`
}
