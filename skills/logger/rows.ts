import type { Severity } from '../contract.ts'
import { type JsonRecord, parseJson, textOf } from '../json.ts'
import { outsideCause } from '../rates/outside-error.ts'
import type { PatternText } from '../rates/pattern-book.ts'
import { perSecondText, riseText } from '../rates/rate-text.ts'
import type { Rise, RiseLimits } from '../rates/rise.ts'
import type { SourceFiles } from '../source/source-files.ts'
import { placeText } from '../source/stack-place.ts'
import { type LogPlace, logPlace } from './place.ts'

/** When lines of a level count as rising. A line of information is only a matter of volume. */
export const LIMITS: Record<string, RiseLimits> = {
  error: { floorPerSecond: 1, factor: 4, leastEvents: 8 },
  warn: { floorPerSecond: 10, factor: 6, leastEvents: 60 },
  info: { floorPerSecond: 300, factor: 8, leastEvents: 2000 },
  debug: { floorPerSecond: 300, factor: 8, leastEvents: 2000 },
}

/** Errors in this number, per second, are a storm; in that number it is critical. */
const STORM_PER_SECOND = 20
const CRITICAL_PER_SECOND = 50

export interface RowParts {
  readonly files: SourceFiles
  readonly ownFolders: readonly string[]
  readonly root: string
}

export interface LineRates {
  readonly rise: Rise
  readonly count1m: number
  readonly count5m: number
  readonly now: number
}

/** Pure but for the source files: a pattern of log lines as a row. */
export function logRow(pattern: PatternText, rates: LineRates, parts: RowParts): JsonRecord {
  const place = logPlace(pattern, parts.files, parts.ownFolders)
  const { rise } = rates
  const text = shownText(pattern)
  const outside = outsideCause(text)
  const severity = severityOf(pattern, rise, place, outside !== undefined)
  const words = wordsOf(pattern, text, rates, place, parts.root)
  return {
    id: pattern.id,
    level: pattern.kind,
    source: pattern.source,
    text,
    severity,
    reportable: severity !== 'info',
    confidence: place.location === undefined ? 'low' : place.type === 'thrown' ? 'high' : 'medium',
    countTotal: pattern.count,
    count1m: rates.count1m,
    count5m: rates.count5m,
    perSecond: rise.type === 'learning' ? null : round(rise.perSecond),
    beforePerSecond: rise.type === 'risen' ? round(rise.beforePerSecond) : null,
    firstAt: new Date(pattern.firstAt).toISOString(),
    lastAt: new Date(pattern.lastAt).toISOString(),
    location: place.location === undefined ? null : { ...place.location },
    locationIs: place.type,
    echoes: place.echoes ?? null,
    sourceLine:
      place.location === undefined
        ? null
        : parts.files.line(place.location.file, place.location.line).trim().slice(0, 200),
    stack: [...place.stack],
    outsideCause: outside ?? null,
    ...words,
    explanation: outside === undefined ? words.explanation : `${words.explanation} ${outside}.`,
  }
}

function severityOf(
  { kind }: PatternText,
  rise: Rise,
  place: LogPlace,
  isOutside: boolean,
): Severity {
  if (rise.type !== 'risen' || place.echoes !== undefined) return 'info'
  const isCritical = kind === 'error' && !isOutside && rise.perSecond >= CRITICAL_PER_SECOND
  return isCritical ? 'critical' : 'warning'
}

function wordsOf(
  pattern: PatternText,
  text: string,
  rates: LineRates,
  place: LogPlace,
  root: string,
): { observation: string; explanation: string; remedy: string } {
  const { rise } = rates
  const short = text.slice(0, 120)
  const where = place.location === undefined ? '' : placeText(place.location, root)
  const label =
    place.location?.package === undefined ? '' : ` (in ${place.location.package}, which it calls)`
  const verb = place.type === 'thrown' ? 'thrown in' : 'logged by'
  const tail = where === '' ? '' : `, ${verb} ${where}`
  const count = rise.type === 'risen' ? rise.events : rates.count5m
  const changed =
    rise.type === 'risen' ? `, ${riseText(rise, rates.now)}` : ' in the last 5 minutes'
  const observation = `${headOf(pattern, rise)}${count} ${pattern.kind} lines by ${pattern.source}${changed}: ${short}${tail}`
  const rate = rise.type === 'learning' ? '' : ` ${perSecondText(rise.perSecond)} times a second`
  const origin =
    where === ''
      ? `Something logs "${short}"`
      : place.type === 'thrown'
        ? `${where}${label} throws "${short}"`
        : `${where}${label} logs "${short}"`
  return {
    observation,
    explanation: `${origin}${rate}; ${effectOf(pattern.kind, place)}.`,
    remedy: remedyOf(pattern.kind, place, where),
  }
}

function headOf({ kind }: PatternText, rise: Rise): string {
  if (rise.type !== 'risen') return ''
  if (kind === 'error')
    return rise.perSecond >= STORM_PER_SECOND
      ? 'Error log storm: '
      : 'Error rate in the log has risen: '
  return kind === 'warn' ? 'Warnings in the log have risen: ' : 'Log flood: '
}

function effectOf(kind: string, { type, echoes }: LogPlace): string {
  if (echoes !== undefined) return `the line repeats an ${echoes}`
  if (kind === 'info' || kind === 'debug')
    return 'writing so many lines takes CPU and disk, and hides the rest of the log'
  const each =
    type === 'thrown' ? 'each time the error is caught and logged' : 'each time it is logged'
  return kind === 'error'
    ? `${each}, so the error rate in the log rises and other errors drown in it`
    : `${each}, far more often than before`
}

function remedyOf(kind: string, { type }: LogPlace, where: string): string {
  if (kind === 'info' || kind === 'debug')
    return `Raise the log level or sample the line${where === '' ? '' : ` in ${where}`}, and find out what made it so frequent.`
  const cause =
    type === 'thrown'
      ? `Find out which input makes ${where} throw, and validate or reject it before it gets there`
      : 'Find out what changed in the input or in what is called, and handle that case'
  return `${cause}; aggregate or rate-limit this log line (one summary a batch instead of a line each).`
}

/** The message, on one line; out of JSON where the line is JSON. */
function shownText({ samples }: PatternText): string {
  const text = samples.at(-1)?.text ?? ''
  const quoted = /"(?:msg|message)"\s*:\s*("(?:[^"\\]|\\.){1,300}")/.exec(text)?.[1]
  const message = quoted === undefined ? text : unquoted(quoted)
  return (message.split('\n')[0] ?? '').trim().slice(0, 300)
}

function unquoted(quoted: string): string {
  try {
    return textOf(parseJson(quoted), quoted)
  } catch {
    return quoted
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
