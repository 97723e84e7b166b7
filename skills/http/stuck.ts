/** Where requests that get no answer wait: read from the stacks of their promises. Pure, but for sources. */
import type { Location } from '../contract.ts'
import { numberOf, recordsOf } from '../handles/reading.ts'
import { isRecord, type Json, textOf } from '../json.ts'
import { type Exit, exitsBefore } from '../source/exits.ts'
import { type Frame, parseStackText } from '../source/frame.ts'
import { placeOfStack } from '../source/place.ts'
import type { SourceFiles } from '../source/source-files.ts'

/** Requests of one route that wait at one place. */
export interface StuckPlace {
  readonly route: string
  readonly count: number
  /** Requests of the route that were followed, whether they got an answer or not. */
  readonly seen: number
  readonly oldestMs: number
  readonly location: Location
  readonly frames: readonly string[]
  readonly sourceLine: string
  /** `booking.acquire()`, where the line tells. */
  readonly awaited: string | undefined
  /** What made the promise, `async-mutex@0.5.0`; undefined: the application. */
  readonly package: string | undefined
  readonly isLock: boolean
  /** Ways out of the function that do not give the lock back. */
  readonly exits: readonly Exit[]
}

export interface Sources {
  readonly files: SourceFiles
  readonly ownFolders: readonly string[]
}

/** Names by which locks, semaphores and pools are asked, and their packages. */
const LOCK_CALL =
  /(?:^|\.)(?:acquire\w*|lock\w*|obtain\w*|takeTurn|checkout|borrow|runExclusive|waitForUnlock)$/i
const LOCK_PACKAGE = /mutex|semaphore|lock|pool|limit|tarn|bottleneck/i
const GIVES_BACK = /\b(?:release\w*|unlock\w*|giveBack|free|done|leave|signal|up|destroy)\s*\(/i
/** Fewer may be on their way. */
const LEAST_MS = 400
const LEAST_COUNT = 2

/** The places where most of the requests wait, the most frequent first. */
export function stuckPlaces(value: Json, sources: Sources): StuckPlace[] {
  if (!isRecord(value)) return []
  const groups = new Map<string, StuckPlace>()
  for (const row of recordsOf(value['stuck'])) {
    if (numberOf(row['ageMs']) < LEAST_MS) continue
    const stacks: unknown = row['stacks']
    const wait = innermostWait(
      Array.isArray(stacks) ? stacks.map((one) => textOf(one, '')) : [],
      sources,
    )
    if (wait === undefined) continue
    const place = placeOf(wait, sources)
    if (place === undefined) continue
    const { file, line } = place.location
    const key = `${textOf(row['key'])}\n${file}:${line}`
    const before = groups.get(key)
    groups.set(key, {
      ...place,
      route: textOf(row['key']),
      seen: numberOf(row['seen']),
      count: (before?.count ?? 0) + 1,
      oldestMs: Math.max(before?.oldestMs ?? 0, numberOf(row['ageMs'])),
    })
  }
  return [...groups.values()]
    .filter(({ count }) => count >= LEAST_COUNT)
    .toSorted((left, right) => right.count - left.count)
}

/**
 * Of the stacks of unsettled promises, in the order of their making, the one that waits innermost: with the
 * most frames of the application, and among these the last. With it the stack that has a package on top of
 * the same place: what was asked for.
 */
export function innermostWait(
  stacks: readonly string[],
  { ownFolders }: Pick<Sources, 'ownFolders'>,
): { readonly stack: string; readonly asked: string } | undefined {
  const read = stacks.map((stack) => {
    const frames = parseStackText(stack, ownFolders)
    return { stack, frames, application: frames.filter(({ origin }) => origin === 'app') }
  })
  const deepest = Math.max(0, ...read.map(({ application }) => application.length))
  if (deepest === 0) return undefined
  const wait = read.findLast(({ application }) => application.length === deepest)
  if (wait === undefined) return undefined
  const isSamePlace = (frame: Frame | undefined): boolean =>
    frame?.file === wait.application[0]?.file && frame?.line === wait.application[0]?.line
  const asked = read.find(
    ({ frames, application }) => frames[0]?.origin === 'package' && isSamePlace(application[0]),
  )
  return { stack: wait.stack, asked: (asked ?? wait).stack }
}

/** A lock that the application wrote itself is not the culprit: who asks it is. */
function behindOwnLocks(stack: string, ownFolders: readonly string[]): string {
  const lines = stack.split('\n')
  const isApp = (line: string): boolean =>
    parseStackText(line, ownFolders).some(({ origin }) => origin === 'app')
  const user = lines.findIndex(
    (line) => isApp(line) && !LOCK_CALL.test(parseStackText(line, ownFolders)[0]?.function ?? ''),
  )
  const first = lines.findIndex(isApp)
  return user > first ? lines.slice(user).join('\n') : stack
}

type Placed = Omit<StuckPlace, 'route' | 'count' | 'seen' | 'oldestMs'>

function placeOf(
  wait: { readonly stack: string; readonly asked: string },
  { files, ownFolders }: Sources,
): Placed | undefined {
  const stack = behindOwnLocks(wait.asked, ownFolders)
  const place = placeOfStack(stack, files, ownFolders)
  const frames = parseStackText(stack, ownFolders)
  const index = frames.findIndex(({ origin }) => origin === 'app')
  const frame = frames[index]
  if (place === undefined || frame === undefined) return undefined
  // what the application called; helpers of that package may lie above it
  const called = files.packageOf(frames[index - 1]?.file ?? '')
  const name = called === undefined ? undefined : `${called.name}@${called.version}`
  const { package: _, ...location } = place.location
  const awaited = /\bawait\s+((?:new\s+)?[\w$.#?[\]'"]+)\s*\(/.exec(place.sourceLine)?.[1]
  const isLock = LOCK_CALL.test(awaited ?? '') || (name !== undefined && LOCK_PACKAGE.test(name))
  const at = { file: frame.file, line: frame.line }
  return {
    location,
    frames: place.frames,
    sourceLine: place.sourceLine,
    awaited: awaited === undefined ? undefined : `${awaited}()`,
    package: name,
    isLock,
    exits: isLock ? exitsBefore(GIVES_BACK, at, files) : [],
  }
}
