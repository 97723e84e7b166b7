/** Who keeps the thread pool busy, in numbers and words. */
import { setTimeout as delay } from 'node:timers/promises'
import type { MainAccess } from '../gateway/main-access.ts'
import { numberOf, recordsOf } from '../handles/reading.ts'
import { type Json, type JsonRecord, textOf } from '../json.ts'
import { type Place, placeOfStack, placeText } from '../source/place.ts'
import type { SourceFiles } from '../source/source-files.ts'
import { threadPoolLatencyMs } from './readings.ts'

export interface PoolParts {
  readonly access: MainAccess
  readonly files: SourceFiles
  readonly ownFolders: readonly string[]
  readonly root: string
}

/** Someone who asked for work on the pool. */
export interface PoolUser {
  readonly type: string
  readonly count: number
  readonly place: Place
}

/** From this latency on the pool is the bottleneck of whoever needs it. */
export const POOL_SLOW_MS = 250
const WATCH_MS = 1500
const CALL = { timeoutMs: 2000, mayInterrupt: false }
const LEAST = 3
/** Behind a full queue little new is asked for: it is watched so many times until who computes was seen often enough. */
const ROUNDS = 3
const LIGHT = /^(?:FSREQ|GETADDRINFO|GETNAMEINFO)/

/** Watches for a second and a half, up to three times; the one that keeps the pool busy first. */
export async function poolRows(parts: PoolParts): Promise<JsonRecord[]> {
  let users: PoolUser[] = []
  let latencyMs = 0
  let rounds = 0
  while (rounds < ROUNDS && !isSeen(users)) {
    rounds += 1
    const seen = await watchOnce(parts)
    users = rankUsers([...users, ...seen.users])
    latencyMs = Math.max(latencyMs, seen.latencyMs)
    if (latencyMs < POOL_SLOW_MS) break
  }
  const watchedMs = rounds * WATCH_MS
  return users.map((user, index) =>
    rowOf(user, { latencyMs, watchedMs, isFirst: index === 0 }, parts.root),
  )
}

async function watchOnce(
  parts: PoolParts,
): Promise<{ readonly users: PoolUser[]; readonly latencyMs: number }> {
  await parts.access.invoke('vm.beginPoolUsers', null, CALL)
  const latency = threadPoolLatencyMs(WATCH_MS)
  await delay(WATCH_MS, undefined, { ref: false })
  const { value } = await parts.access.invoke('vm.endPoolUsers', null, CALL)
  return { users: usersIn(value, parts), latencyMs: await latency }
}

/** Somebody who computes on the pool has been seen often enough. */
function isSeen([first]: readonly PoolUser[]): boolean {
  return first !== undefined && !LIGHT.test(first.type) && first.count >= LEAST
}

function usersIn(value: Json, { files, ownFolders }: PoolParts): PoolUser[] {
  return recordsOf(value).flatMap((row) => {
    const place = placeOfStack(textOf(row['stack'], ''), files, ownFolders)
    return place === undefined
      ? []
      : [{ type: textOf(row['type']), count: numberOf(row['count']), place }]
  })
}

/** By function and kind of work. What computes on the pool comes before what only reads or looks up. */
export function rankUsers(users: readonly PoolUser[]): PoolUser[] {
  const merged = new Map<string, PoolUser>()
  for (const user of users) {
    const { file, function: name } = user.place.location
    const key = `${workOf(user.type)}\n${file}\n${name}`
    const known = merged.get(key)
    merged.set(key, { ...(known ?? user), count: user.count + (known?.count ?? 0) })
  }
  const isLight = ({ type }: PoolUser): number => Number(LIGHT.test(type))
  return [...merged.values()].toSorted(
    (one, other) => isLight(one) - isLight(other) || other.count - one.count,
  )
}

/** What a type of request is to an author. */
export function workOf(type: string): string {
  if (type.startsWith('FSREQ')) return 'file system'
  if (/^GET(?:ADDR|NAME)INFO/.test(type)) return 'dns.lookup'
  if (type.startsWith('ZLIB')) return 'compression (zlib)'
  const [, crypto] =
    /^(PBKDF2|SCRYPT|RANDOMBYTES|KEYPAIRGEN|SIGN|HASH|HKDF|CIPHER)/.exec(type) ?? []
  return crypto === undefined ? type : `crypto (${crypto.toLowerCase()})`
}

interface Watched {
  readonly latencyMs: number
  readonly watchedMs: number
  readonly isFirst: boolean
}

function rowOf(
  user: PoolUser,
  { latencyMs, watchedMs, isFirst }: Watched,
  root: string,
): JsonRecord {
  const { place, count, type } = user
  const where = placeText(place.location, root)
  const name = where.replace(/ \(.*$/, '')
  const poolSize = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)
  const work = workOf(type)
  const waits =
    latencyMs >= WATCH_MS ? `more than ${WATCH_MS / 1000} s` : `${Math.round(latencyMs)} ms`
  return {
    location: { ...place.location },
    where,
    sourceLine: place.sourceLine,
    frames: [...place.frames],
    work,
    count,
    latencyMs,
    poolSize,
    reportable: isFirst && latencyMs >= POOL_SLOW_MS && count >= LEAST,
    confidence: LIGHT.test(type) ? 'medium' : 'high',
    observation: `A call that needs libuv's thread pool (${poolSize} threads) waits ${waits}; within ${watchedMs / 1000} s ${where} asked it for ${count} × ${work}`,
    explanation: `Thread pool saturated: ${where} keeps libuv's ${poolSize} threads busy with ${work}, and all else that needs them (files, dns.lookup, crypto, zlib) waits in the queue behind it; the event loop itself is not blocked`,
    remedy: `Bound how much of it ${name} runs at a time (a queue with a limit, a rate limit on the route), move it to worker threads, make each piece cheaper, or raise UV_THREADPOOL_SIZE if there are more cores`,
  }
}
