import type { SeenInsight } from './insight-file.ts'
import type { CrashReport, LoadStats } from './messages.ts'
import { duration, growth, plainText, type Style, wrap } from './terminal.ts'

const width = 84
const margin = '    '
const labelWidth = 10

/** Turns what happened into text; knows nothing of processes. */
export function insightText(insight: SeenInsight, tookMs: number, style: Style): string {
  const { location, evidence = [] } = insight
  const where =
    location === undefined
      ? 'not said'
      : `${style.bold(plainText(location.function ?? '?'))}  ${plainText(location.file ?? '?')}:${location.line ?? '?'}`
  const facts = evidence
    .slice(0, 5)
    .map(({ name, value, unit = '' }) => `${name} ${String(value)} ${unit}`.trim())
  return [
    row('what', insight.summary, style),
    `${margin}${style.faint('where'.padEnd(labelWidth))}${where}`,
    row('why', insight.rootCauseHypothesis ?? 'no hypothesis', style),
    row('how sure', `${insight.confidence}, ${insight.severity}`, style),
    row('evidence', facts.length === 0 ? 'none named' : facts.join(' · '), style),
    row('remedy', insight.remediation ?? 'none named', style),
    row('model', insight.model, style),
    `${margin}${style.good(`✔ found after ${duration(tookMs)}`)}`,
  ].join('\n')
}

export function crashText(report: CrashReport, style: Style): string {
  return [
    row('what', `operator '${report.skill}' ${report.crashedPid} was killed`, style),
    row('instead', `${report.replacementPid} answers: ${report.answer}`, style),
    `${margin}${style.good(`✔ answers again after ${duration(report.answeredAfterMs)}`)}`,
  ].join('\n')
}

export function loadText(label: string, stats: LoadStats, style: Style): string {
  const { perSecond, p50Ms, p99Ms, turnedAway, failed, heapGrowthBytes } = stats
  const numbers = [
    `p50 ${duration(p50Ms)}`,
    `p99 ${duration(p99Ms)}`,
    `${perSecond.toFixed(0)} answers/s`,
    `heap floor ${growth(heapGrowthBytes)} in ${stats.seconds.toFixed(0)} s`,
  ]
  if (turnedAway > 0) numbers.push(`${turnedAway} turned away`)
  if (failed > 0) numbers.push(`${failed} failed`)
  return `${margin}${style.faint(label.padEnd(labelWidth))}${numbers.join('  ')}`
}

function row(label: string, text: string, style: Style): string {
  const indent = margin + ' '.repeat(labelWidth)
  return `${margin}${style.faint(label.padEnd(labelWidth))}${wrap(plainText(text), width - indent.length, indent)}`
}
