import { describeReason, isWireError } from '../../runtime/index.ts'
import type { Severity } from '../contract.ts'
import type { JsonRecord } from '../json.ts'
import type { SourceFiles } from '../source/source-files.ts'
import { placeOf, placeText } from '../source/stack-place.ts'
import type { ChildHistory, Restart } from './tree-history.ts'

const MINUTE_MS = 60_000
/** So many restarts in a minute are a loop; so many are critical. */
const LOOP = 3
const CRITICAL = 10
/** A child that is down, or gone, for longer than that is worth a word. */
const DOWN_MS = 10_000

export interface RowParts {
  readonly files: SourceFiles
  readonly ownFolders: readonly string[]
  readonly root: string
}

/** Restarts of a child in the last minute. */
export function restartsIn(child: ChildHistory, overMs: number, now: number): number {
  return child.restarts
    .filter(({ at }) => at > now - overMs)
    .reduce((total, { count }) => total + count, 0)
}

/** It dies again and again: three times in the last minute, and once in its last half. */
export function isLooping(child: ChildHistory, now: number): boolean {
  return restartsIn(child, MINUTE_MS, now) >= LOOP && restartsIn(child, MINUTE_MS / 2, now) >= 1
}

/** A child's restarts as a row, with why and where it died when that is known. */
export function restartRow(child: ChildHistory, now: number, parts: RowParts): JsonRecord {
  const inMinute = restartsIn(child, MINUTE_MS, now)
  const isLoop = isLooping(child, now)
  const last = child.restarts.findLast((restart) => restart.reason !== undefined)
  const death = deathOf(last, parts)
  const severity = severityOf(child, isLoop, inMinute)
  const first = child.restarts[0]
  const seconds = first === undefined ? 0 : Math.max(1, Math.round((now - first.at) / 1000))
  const where =
    death.location === undefined ? '' : `, thrown in ${placeText(death.location, parts.root)}`
  return {
    child: child.path,
    partOfNodelens: child.isOwn,
    status: child.missingSince === undefined ? child.lastStatus : 'missing',
    severity,
    reportable: severity !== 'info',
    isCrashLoop: isLoop,
    confidence: death.location === undefined ? 'medium' : 'high',
    restarts1m: inMinute,
    restarts10m: restartsIn(child, 10 * MINUTE_MS, now),
    restartsTotal: child.restartsTotal,
    lastRestartAt: isoOf(child.restarts.at(-1)?.at),
    reason: death.reason,
    location: death.location === undefined ? null : { ...death.location },
    stack: [...death.stack],
    observation: `Child ${child.path} was restarted ${inMinute} times in the last minute (${restartsIn(child, 10 * MINUTE_MS, now)} times in ${seconds} s); it ends with ${death.reason ?? 'a reason that is not known'}${where}`,
    explanation: isLoop
      ? `Crash loop: ${child.path} dies of ${death.reason ?? 'an unknown cause'}${where}, its supervisor restarts it, and it dies of the same again; restarting does not cure it.`
      : `${child.path} was restarted by its supervisor.`,
    remedy: `Fix what makes it end${where === '' ? '' : ` (${placeText(death.location ?? NOWHERE, parts.root)})`}: a child that fails at start needs its input or dependency checked before it starts, or a delay between attempts; the supervisor gives up when its restart intensity is exceeded.`,
  }
}

const NOWHERE = { file: '', line: 0, function: '' }

function severityOf(child: ChildHistory, isLoop: boolean, inMinute: number): Severity {
  if (!isLoop || child.isOwn) return 'info'
  return inMinute >= CRITICAL ? 'critical' : 'warning'
}

function deathOf(
  restart: Restart | undefined,
  parts: RowParts,
): {
  reason: string | null
  stack: readonly string[]
  location?: NonNullable<ReturnType<typeof placeOf>['location']>
} {
  const reason = restart?.reason
  if (reason === undefined) return { reason: null, stack: [] }
  const error: unknown = 'error' in reason ? reason.error : undefined
  const text = isWireError(error) ? (error.stack ?? '') : ''
  const { location, stack } = placeOf(text, parts.files, parts.ownFolders)
  const said = describeReason(reason).slice(0, 200)
  return { reason: said, stack, ...(location === undefined ? {} : { location }) }
}

/** A child that was there and is not, or does not work, as a row. */
export function missingRow(child: ChildHistory, now: number): JsonRecord {
  const since = child.missingSince ?? child.downSince ?? now
  return {
    child: child.path,
    partOfNodelens: child.isOwn,
    status: child.missingSince === undefined ? child.lastStatus : 'missing',
    since: isoOf(since),
    downSeconds: Math.round((now - since) / 1000),
    restartsTotal: child.restartsTotal,
    lastReason: child.restarts.at(-1)?.reason?.type ?? null,
  }
}

/** Gone, or neither waiting nor running, for more than ten seconds. */
export function isAway(child: ChildHistory, now: number): boolean {
  const since = child.missingSince ?? child.downSince
  return since !== undefined && now - since > DOWN_MS
}

function isoOf(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString()
}
