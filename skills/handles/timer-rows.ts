import { setTimeout as delay } from 'node:timers/promises'
import type { JsonRecord } from '../json.ts'
import { type HandleParts, perMinute, placeColumns, placeIn, riseText } from './parts.ts'
import { numberOf, recordsOf } from './reading.ts'

/** The places that set timers within a short window, and what became of these, the leaking first. */
export async function timerRows(parts: HandleParts, watchMs: number): Promise<JsonRecord[]> {
  const { access } = parts.context
  // it sets and clears a timer, which must not happen inside an interrupt of main
  const call = { timeoutMs: 2000, mayInterrupt: false }
  await access.invoke('handles.beginTimers', null, call)
  await delay(watchMs, undefined, { ref: false })
  const answer = await access.invoke('handles.endTimers', null, call)
  const rows = recordsOf(answer.value).map((row) => timerRow(row, watchMs, parts))
  return rows.sort((left, right) => weight(right) - weight(left))
}

function weight(row: JsonRecord): number {
  return (row['reportable'] === true ? 1e6 : 0) + numberOf(row['active'])
}

function timerRow(
  row: Readonly<Record<string, unknown>>,
  watchMs: number,
  parts: HandleParts,
): JsonRecord {
  const place = placeIn(parts, String(row['stack']))
  const columns = placeColumns(parts, place)
  const rise = parts.watch.growing().find((growing) => growing.what === 'timers')?.rise
  const isInterval = row['repeats'] === true
  const active = numberOf(row['activeAlike'])
  const delayMs = numberOf(row['delayMs'])
  const kept = numberOf(row['alive']) / Math.max(1, numberOf(row['sampled']))
  const verdict = judgeTimers({ isInterval, active, delayMs, kept, riseMs: rise?.overMs ?? 0 })
  const reportable = rise !== undefined && verdict !== 'normal' && place !== undefined
  const where = columns.where
  const name = isInterval ? 'setInterval' : 'setTimeout'
  const grown =
    rise === undefined
      ? ''
      : `Active timers keep growing ${riseText(rise)}, while open connections do not. `
  return {
    ...columns,
    timer: name,
    delayMs,
    created: numberOf(row['created']),
    watchedMs: watchMs,
    keptPct: Math.round(kept * 100),
    active,
    grownBy: rise === undefined ? 0 : rise.to - rise.from,
    growthPerMinute: rise === undefined ? 0 : perMinute(rise),
    verdict,
    reportable,
    severity: reportable ? 'warning' : 'info',
    confidence: verdict === 'leak' ? 'high' : 'medium',
    observation: `${grown}${where} started ${numberOf(row['created'])} timers (${name}, ${delayMs} ms) in ${watchMs / 1000} s and ${Math.round(kept * 100)} % of them were never cleared; ${active} such timers are active`,
    ...wordsOf(where, isInterval, delayMs),
  }
}

function wordsOf(where: string, isInterval: boolean, delayMs: number): JsonRecord {
  return {
    explanation: isInterval
      ? `Timer leak: ${where} starts a setInterval for each call and never clears it, so that timers accumulate, keep running, and retain what their callbacks use (requests, responses, clients that have gone)`
      : `Timer leak: ${where} sets timers that start themselves anew or wait for ${delayMs} ms and are never cleared, so that they accumulate and retain what their callbacks use`,
    remedy: isInterval
      ? `Keep the timer that setInterval returns in ${where} and call clearInterval(timer) when its owner goes away: on 'close' of the request, response or socket, and on error`
      : `Keep the timer that setTimeout returns in ${where} and call clearTimeout(timer) once it is not needed: in a finally block, or on 'close' of its owner`,
  }
}

interface TimerSigns {
  readonly isInterval: boolean
  readonly active: number
  readonly delayMs: number
  /** Share of the timers of the window that are still active, 0 to 1. */
  readonly kept: number
  /** How long the growth has lasted. */
  readonly riseMs: number
}

/** Timers that would be a leak if timers grow as a whole. */
const LEAST_ACTIVE = 20

/**
 * Intervals that stay are a leak. Timeouts go by themselves: they are one when the growth lasts longer
 * than they do (they start themselves anew), `waiting` when they are so long that they pile up.
 */
export function judgeTimers(signs: TimerSigns): 'leak' | 'waiting' | 'normal' {
  const { isInterval, active, delayMs, kept, riseMs } = signs
  if (active < LEAST_ACTIVE) return 'normal'
  if (isInterval) return kept >= 0.5 ? 'leak' : 'normal'
  if (delayMs > 0 && riseMs > delayMs * 1.5) return 'leak'
  return kept >= 0.8 && delayMs >= 60_000 ? 'waiting' : 'normal'
}
