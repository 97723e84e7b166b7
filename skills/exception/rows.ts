import type { Location, Severity } from '../contract.ts'
import { type JsonRecord, textOf } from '../json.ts'
import { outsideCause } from '../rates/outside-error.ts'
import type { PatternText } from '../rates/pattern-book.ts'
import { riseText } from '../rates/rate-text.ts'
import type { Rise, RiseLimits } from '../rates/rise.ts'
import { placeOf, placeText, type StackPlace } from '../source/place.ts'
import type { SourceFiles } from '../source/source-files.ts'
import { droppedBy } from './framework.ts'

/** A rejection or exception that nobody handles is a mistake at any rate; one that is handled is not. */
export const LIMITS: Record<string, RiseLimits> = {
  unhandled_rejection: { floorPerSecond: 0.4, factor: 3, leastEvents: 4, consecutive: 2 },
  uncaught: { floorPerSecond: 0.2, factor: 3, leastEvents: 3, consecutive: 2 },
  reported: { floorPerSecond: 0.4, factor: 4, leastEvents: 6 },
}

/** From this rate on it is critical, per second. */
const CRITICAL_PER_SECOND = 5
/** So many unhandled ones in five minutes are worth a word even if they were there from the start. */
const STEADY_COUNT = 5

export interface RowParts {
  readonly files: SourceFiles
  readonly ownFolders: readonly string[]
  readonly root: string
}

/** What is known of a group's numbers. */
export interface GroupRates {
  readonly rise: Rise
  readonly count1m: number
  readonly count5m: number
  /** Share of the unhandled rejections that were handled later, 0 to 1. */
  readonly lateShare: number
  readonly now: number
}

/** Pure but for the source files: a group of exceptions as a row. */
export function exceptionRow(group: PatternText, rates: GroupRates, parts: RowParts): JsonRecord {
  const sample = group.samples.find(({ errorStack }) => errorStack !== undefined)
  const newest = group.samples.at(-1) ?? sample
  const stackText = sample?.errorStack ?? newest?.callStack ?? ''
  const place = placeOf(stackText, parts.files, parts.ownFolders)
  const message = newest?.text ?? ''
  const outside = outsideCause(`${textOf(newest?.detail['code'], '')} ${message}`)
  const severity = severityOf(group.kind, rates, outside !== undefined)
  const words = wordsOf(group, message, rates, place, parts)
  return {
    id: group.id,
    kind: group.kind,
    type: group.source,
    message: message.slice(0, 500),
    code: newest?.detail['code'] ?? null,
    context: newest?.detail['context'] ?? null,
    severity,
    reportable: severity !== 'info',
    confidence: place.location === undefined ? 'low' : 'high',
    countTotal: group.count,
    count1m: rates.count1m,
    count5m: rates.count5m,
    perSecond: rates.rise.type === 'learning' ? null : round(rates.rise.perSecond),
    beforePerSecond: rates.rise.type === 'risen' ? round(rates.rise.beforePerSecond) : null,
    firstAt: new Date(group.firstAt).toISOString(),
    lastAt: new Date(group.lastAt).toISOString(),
    location: place.location === undefined ? null : { ...place.location },
    unhandledIn: place.outermost === undefined ? null : { ...place.outermost },
    sourceLine: lineAt(place.location, parts.files),
    outsideCause: outside ?? null,
    stack: [...place.stack],
    ...words,
    explanation: outside === undefined ? words.explanation : `${words.explanation} ${outside}.`,
  }
}

function severityOf(
  kind: string,
  { rise, count5m, lateShare }: GroupRates,
  isOutside: boolean,
): Severity {
  const isBad = kind !== 'reported'
  if (kind === 'unhandled_rejection' && lateShare > 0.5) return 'info'
  if (rise.type === 'risen') {
    return isBad && !isOutside && rise.perSecond >= CRITICAL_PER_SECOND ? 'critical' : 'warning'
  }
  return isBad && count5m >= STEADY_COUNT ? 'warning' : 'info'
}

const COUNTED: Record<string, readonly [one: string, many: string]> = {
  unhandled_rejection: ['unhandled promise rejection', 'unhandled promise rejections'],
  uncaught: [
    'uncaught exception that the last handler caught',
    'uncaught exceptions that only the last handler caught',
  ],
  reported: ['exception handed to the reporter', 'exceptions handed to the reporter'],
}

function wordsOf(
  group: PatternText,
  message: string,
  rates: GroupRates,
  place: StackPlace,
  parts: RowParts,
): { observation: string; explanation: string; remedy: string } {
  const what = message === '' ? group.source : `${group.source}: ${message.slice(0, 120)}`
  const { rise } = rates
  const count = rise.type === 'risen' ? rise.events : Math.max(rates.count5m, group.count)
  const [one, many] = COUNTED[group.kind] ?? ['exception', 'exceptions']
  const changed = rise.type === 'risen' ? `, ${riseText(rise, rates.now)}` : ''
  const where =
    place.location === undefined ? '' : `, thrown in ${placeText(place.location, parts.root)}`
  const observation = `${count} ${count === 1 ? one : many}${changed}: ${what}${where}`
  const origin =
    place.location === undefined
      ? what
      : `${placeText(place.location, parts.root)}${packageText(place.location)} throws ${what}`
  return group.kind === 'unhandled_rejection'
    ? { observation, ...rejectionWords(origin, message, place, parts) }
    : { observation, ...thrownWords(group.kind, origin, message) }
}

function rejectionWords(
  origin: string,
  message: string,
  place: StackPlace,
  parts: RowParts,
): { explanation: string; remedy: string } {
  const { outermost } = place
  const dropped = outermost === undefined ? undefined : droppedBy(outermost, parts.files)
  const awaiting = outermost === undefined ? 'the caller' : placeText(outermost, parts.root)
  const effect =
    dropped === undefined
      ? 'what waits for it gets neither a result nor an error'
      : `${dropped.label} does not await its handlers, so the request never gets a response and hangs until it times out`
  const express =
    dropped === undefined
      ? ''
      : ' and pass the error to next(err) (a wrapper around async handlers does it for all routes, as does express 5)'
  return {
    explanation: `${origin}; the promise of ${awaiting} rejects and nobody catches it: the rejection is unhandled, and ${effect}.`,
    remedy: `Catch the error with try/catch or .catch() in ${awaiting}${dropped === undefined ? ' or where it is called' : ''}${express}; ${guardText(message)}.`,
  }
}

function thrownWords(
  kind: string,
  origin: string,
  message: string,
): { explanation: string; remedy: string } {
  const effect =
    kind === 'uncaught'
      ? 'nothing on the way up handles it; the process lives on only because of its last handler, in an unknown state'
      : 'the application handles it, and hands it to the reporter more often than before'
  return {
    explanation: `${origin}; ${effect}.`,
    remedy: `Handle the error where its cause is known (try/catch, or an error listener); ${guardText(message)}.`,
  }
}

function guardText(message: string): string {
  const reading = /^Cannot (?:read|set) propert(?:y|ies) of (undefined|null)/.exec(message)
  return reading === null
    ? 'and check the input that makes it throw'
    : `and check for ${reading[1] ?? 'undefined'} before the value is used`
}

function packageText({ package: label }: Location): string {
  return label === undefined ? '' : ` (in ${label}, which it calls)`
}

function lineAt(location: Location | undefined, files: SourceFiles): string | null {
  if (location === undefined) return null
  return files.line(location.file, location.line).trim().slice(0, 200)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
