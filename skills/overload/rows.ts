import { totalmem } from 'node:os'
import { descriptorLimit } from '../handles/descriptors.ts'
import type { JsonRecord } from '../json.ts'
import type { Bottleneck, Load, Overload } from './state.ts'
import { type Forecast, isGrowing, type Trend, timeTo } from './trend.ts'
import type { FullMailbox, OverloadWatch } from './watch.ts'

/** Who waits longer than this has mostly given up: the usual time-out of clients and proxies. */
const TROUBLE_WAIT_SECONDS = 30
const SOCKETS_MB = { least: 16, factor: 2 }
/** A mailbox below both of these had a burst. */
const MAILBOX_LENGTH = 1000
const MAILBOX_HITS = 100
const CRITICAL_SECONDS = 60
const CRITICAL_WAIT_MS = 10_000

const WHERE: Record<Bottleneck, readonly [what: string, remedy: string]> = {
  main_thread: [
    'the main thread is busy',
    'Shed load (answer 503 early when too many wait), bound how many requests are taken at a time, add processes, and make the busiest handler cheaper (skills vm_events and profiler name it)',
  ],
  thread_pool: [
    'the libuv thread pool is the bottleneck: file, dns, crypto and zlib calls queue up in it',
    'Bound how much of such work runs at a time, cache it, or raise UV_THREADPOOL_SIZE',
  ],
  database: [
    'callers wait for connections of the database pool',
    'Look at the skill postgres: slow or long-held connections; a larger pool helps only if the database is idle',
  ],
  upstream: [
    'requests to other services are under way in growing number',
    'Give them a timeout and a limit (bulkhead, circuit breaker); the skill http names the slow host',
  ],
  slow_clients: [
    'clients take their answers more slowly than these are produced',
    'Respect back-pressure (stop writing while write() returns false), and drop clients that do not read',
  ],
  unknown: [
    'what they wait for does not show in loop, pools, upstreams or clients',
    'Look for locks, queues and timers inside the application that the requests wait for',
  ],
}

/** The state of now as one row. */
export function stateRow(watch: OverloadWatch, now: number): JsonRecord {
  const load = watch.load(now)
  const overload = watch.judge(now)
  const { sockets } = watch
  const forecast = waitForecast(load)
  const socketsGrow = isGrowing(load.socketMb, SOCKETS_MB)
  return {
    isGrowing: overload.isGrowing,
    isSurge: overload.isSurge && overload.isGrowing,
    bottleneck: overload.bottleneck,
    ...figures(load, overload),
    ...forecastColumns('timeToTrouble', forecast),
    socketsWaiting: sockets.waiting,
    socketsWaitingMb: round1(sockets.mb),
    slowestPeer: sockets.worst,
    socketsGrow,
    socketsRise: watch.socketsRise(now),
    socketsText: socketsText(load.socketMb, sockets),
    severity: isCritical(overload, forecast) ? 'critical' : 'warning',
    confidence: (load.waiting?.steadiness ?? 0) >= 0.85 ? 'high' : 'medium',
    ...wordsOf(load, overload, forecast),
  }
}

function isCritical({ waitMs }: Overload, forecast: Forecast | undefined): boolean {
  const isSoon =
    forecast !== undefined && forecast.confidence !== 'low' && forecast.seconds < CRITICAL_SECONDS
  return isSoon || (waitMs ?? 0) > CRITICAL_WAIT_MS
}

/** When those who come wait for half a minute, at the pace at which requests are answered now. */
function waitForecast({ inPerSecond, waiting }: Load): Forecast | undefined {
  return inPerSecond === undefined || inPerSecond <= 0
    ? undefined
    : timeTo(inPerSecond * TROUBLE_WAIT_SECONDS, waiting)
}

function figures(load: Load, { waitMs }: Overload): JsonRecord {
  const { waiting, waitingNow, inPerSecond, inPerSecondBefore, loopPct, loopPctBefore } = load
  return {
    waitingRequests: Math.round(waitingNow),
    waitingFrom: waiting === undefined ? null : Math.round(waiting.from),
    waitingTo: waiting === undefined ? null : Math.round(waiting.to),
    waitingPerSecond: waiting === undefined ? null : round1(waiting.slopePerSecond),
    overSeconds: waiting === undefined ? null : Math.round(waiting.overMs / 1000),
    steadiness: waiting === undefined ? null : round1(waiting.steadiness),
    waitMs: waitMs === undefined ? null : Math.round(waitMs),
    answeredPerSecond: orNull(inPerSecond),
    answeredPerSecondBefore: orNull(inPerSecondBefore),
    loopUtilizationPct: orNull(loopPct),
    loopUtilizationBeforePct: orNull(loopPctBefore),
    poolRequests: load.poolRequests === undefined ? null : Math.round(load.poolRequests.to),
    databaseWaiting: load.databaseWaiting,
    upstreamOpen: load.upstream === undefined ? null : Math.round(load.upstream.to),
    responsesWaitingMb: load.responseMb === undefined ? null : round1(load.responseMb.to),
  }
}

function wordsOf(load: Load, overload: Overload, forecast: Forecast | undefined): JsonRecord {
  const [what, remedy] = WHERE[overload.bottleneck]
  const { waiting, inPerSecond = 0, inPerSecondBefore = 0 } = load
  const grown =
    waiting === undefined
      ? `${Math.round(load.waitingNow)} requests wait for an answer`
      : `Requests that wait for an answer grow from ${Math.round(waiting.from)} to ${Math.round(waiting.to)} in ${Math.round(waiting.overMs / 1000)} s`
  const wait =
    overload.waitMs === undefined
      ? ''
      : `; who comes now waits for about ${secondsText(overload.waitMs / 1000)}`
  const trouble =
    forecast === undefined
      ? ''
      : `; at this pace it is ${TROUBLE_WAIT_SECONDS} s in ${secondsText(forecast.seconds)} (${forecast.confidence} confidence)`
  const loop = load.loopPct === undefined ? '' : ` (event loop ${Math.round(load.loopPct)} % busy)`
  const surge = `More requests come than the process can answer: ${Math.round(inPerSecond)} a second are answered, ${Math.round(inPerSecondBefore)} a second were before, each at the cost of before, and the main thread is at its limit`
  return {
    observation: `${grown}: ${what}${loop}${wait}${trouble}`,
    explanation: overload.isSurge ? surge : what,
    remedy,
  }
}

function socketsText(
  trend: Trend | undefined,
  sockets: { readonly waiting: number; readonly worst: string | null },
): string {
  if (trend === undefined) return ''
  const worst = sockets.worst === null ? '' : `, most of them to ${sockets.worst}`
  return `Bytes that ${sockets.waiting} sockets hold back because the other side does not read grow from ${round1(trend.from)} to ${round1(trend.to)} MB in ${Math.round(trend.overMs / 1000)} s${worst}`
}

/** When a resource with a limit is used up, the nearest first. */
export function forecastRows(
  watch: OverloadWatch,
  heapLimitPct: number,
  now: number,
): JsonRecord[] {
  const constrained = process.constrainedMemory() ?? 0
  const memory = constrained > 0 && constrained < totalmem() ? constrained : totalmem()
  const limits: readonly (readonly [string, string, number])[] = [
    ['heap', 'vm_heapUsedPct', heapLimitPct],
    ['memory', 'vm_rssMb', memory / 1_048_576],
    ['descriptors', 'handles_descriptorsOpen', descriptorLimit()],
  ]
  const rows = limits.flatMap(([what, metric, limit]): JsonRecord[] => {
    const trend = watch.trend(metric, now)
    const forecast = limit > 0 ? timeTo(limit, trend) : undefined
    if (trend === undefined || forecast === undefined) return []
    return [
      {
        what,
        metric,
        now: round1(trend.to),
        limit: Math.round(limit),
        growthPerMinute: round1(trend.slopePerSecond * 60),
        seconds: Math.round(forecast.seconds),
        confidence: forecast.confidence,
        watchedSeconds: Math.round(trend.overMs / 1000),
      },
    ]
  })
  const wait = waitForecast(watch.load(now))
  const all = wait === undefined ? rows : [...rows, waitRow(wait, watch.load(now))]
  return all.toSorted((left, right) => Number(left['seconds']) - Number(right['seconds']))
}

function waitRow(wait: Forecast, { waiting, waitingNow, inPerSecond = 0 }: Load): JsonRecord {
  return {
    what: `requests wait for ${TROUBLE_WAIT_SECONDS} s`,
    metric: 'http_inWaiting',
    now: Math.round(waitingNow),
    limit: Math.round(inPerSecond * TROUBLE_WAIT_SECONDS),
    growthPerMinute: round1((waiting?.slopePerSecond ?? 0) * 60),
    seconds: Math.round(wait.seconds),
    confidence: wait.confidence,
    watchedSeconds: Math.round((waiting?.overMs ?? 0) / 1000),
  }
}

/** An actor whose messages come faster than it handles them. */
export function mailboxRow(actor: FullMailbox, now: number): JsonRecord {
  const { pid, name, mailbox, highWater, policy, hits, firstAt, lastAt } = actor
  const who = name === '' ? pid : `${name} (${pid})`
  const lost =
    hits === 0
      ? ''
      : `; ${hits} messages found it full${policy === '' ? '' : ` (policy ${policy})`}`
  const mark = highWater === 0 ? '' : `, above its mark of ${highWater}`
  return {
    pid,
    name: name === '' ? null : name,
    mailbox,
    highWater,
    policy: policy === '' ? null : policy,
    hits,
    forSeconds: Math.round((lastAt - firstAt) / 1000),
    agoSeconds: Math.max(0, Math.round((now - lastAt) / 1000)),
    reportable: mailbox >= MAILBOX_LENGTH || hits >= MAILBOX_HITS,
    observation: `The mailbox of the actor ${who} holds ${mailbox} messages${mark}${lost}`,
    explanation: `Messages come to the actor ${who} faster than it handles them: its work on each is too slow, or its senders are not held back`,
    remedy: `Let senders of ${who} call instead of cast (the reply holds them back), give its mailbox a bound with a policy, or share the work among several actors`,
  }
}

function forecastColumns(name: string, forecast: Forecast | undefined): JsonRecord {
  return {
    [`${name}Seconds`]: forecast === undefined ? null : Math.round(forecast.seconds),
    [`${name}Confidence`]: forecast?.confidence ?? null,
  }
}

function secondsText(seconds: number): string {
  if (seconds < 10) return `${round1(seconds)} s`
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`
}

function orNull(value: number | undefined): number | null {
  return value === undefined ? null : round1(value)
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}
