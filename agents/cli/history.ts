/** `nodelens history <file>`: what happened, for whoever comes in the next morning. */
import { type HistoryOptions, readHistory } from '../storage/history.ts'
import type { History, HistoryRun, HistorySpending } from '../storage/history-schema.ts'
import { insightText, printable } from './print.ts'

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of `90m`, `24h` or `7d`; undefined for anything else. */
export function durationOf(text: string): number | undefined {
  const match = /^(?<count>\d{1,6})(?<unit>[mhd])$/.exec(text)
  const unit = units[match?.groups?.['unit'] ?? '']
  return unit === undefined ? undefined : Number(match?.groups?.['count']) * unit
}

/** The history as the command prints it. */
export function history(file: string, options: HistoryOptions, isJson: boolean): string {
  const found = readHistory(file, options)
  return isJson ? `${JSON.stringify(found)}\n` : historyText(found)
}

/** The history for people: runs with their insights, newest first, then what the models have cost. */
export function historyText({ runs, insights, spending, ...rest }: History): string {
  const { since, truncated, unreadable } = rest
  const found = runs.map((run) =>
    [
      runText(run),
      ...insights
        .filter(({ runId }) => runId === run.runId)
        .map((one) => indented(insightText(one))),
    ].join('\n'),
  )
  const from = since === undefined ? '' : ` since ${shortTime(since)}`
  const notes = [
    ...(truncated ? ['There is more: ask with --since, or for one run with --run.'] : []),
    ...(unreadable > 0
      ? [`${unreadable} rows are not what a journal holds; they were left out.`]
      : []),
  ]
  const head = found.length === 0 ? [`No runs${from}.`] : []
  return printable(`${[...head, ...found, ...costs(spending), ...notes].join('\n\n')}\n`)
}

function runText(run: HistoryRun): string {
  const { runId, kind, skill, reason, host, pid, startedAt, endedAt, outcome, summary } = run
  const took = endedAt === undefined ? '' : `${seconds(startedAt, endedAt)} s`
  const title = [shortTime(startedAt), outcome ?? 'under way', took, reason ?? skill ?? kind]
  const counts = `${run.notifications} notifications, ${run.insights} insights, ${run.tokens ?? 0} tokens`
  const lines = [`${runId}  ${host}:${pid}  ${counts}`, ...(summary === undefined ? [] : [summary])]
  return [title.filter((part) => part !== '').join('  '), ...lines.map(indented)].join('\n')
}

function costs(spending: readonly HistorySpending[]): string[] {
  if (spending.length === 0) return []
  const lines = spending.map(({ model, turns, failures, inputTokens, outputTokens, costUsd }) => {
    const cost = costUsd === null ? 'price unknown' : `$${costUsd.toFixed(4)}`
    return `  ${model}  ${turns} turns (${failures} failed), ${inputTokens} + ${outputTokens} tokens, ${cost}`
  })
  return [['Models', ...lines].join('\n')]
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ')
}

function shortTime(iso: string): string {
  return iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z')
}

function seconds(from: string, to: string): string {
  return ((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)
}
