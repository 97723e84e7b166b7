import * as v from 'valibot'
import { type BuiltInSkill, builtInCallback, countInput } from '../built-in-skill.ts'
import type { OutsideHalf, OutsidePart, SkillContext } from '../gateway/outside-part.ts'
import { SYMPTOM_AFTER_OTHERS_MS } from '../gateway/raised-lately.ts'
import type { JsonRecord } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { HTTP_DRILLDOWN } from './drilldown.ts'
import { httpReadings } from './meter.ts'
import {
  callersOf,
  type HttpParts,
  handlersOf,
  isExplained,
  routeRows,
  stuckRows,
  summaryRow,
  upstreamRows,
  writerRows,
} from './rows.ts'
import { type Direction, HttpWatch, LASTING } from './watch.ts'
import { summarise } from './windows.ts'
import { observationOf } from './words.ts'

const PROMPT = `You watch HTTP requests that come in (by route) and go out (by host): rate, errors, latency, what is under way.
Normal: latencies that follow the load, some refusals (400 to 499), requests that are under way for as long as they usually take;
streams (server-sent events, long polls) are under way for long by design. A route that is slow, fails or hangs is a symptom: its
cause is elsewhere (a blocked loop, a pool, an upstream, an error that nobody handles). A slow or failing upstream is a cause: its
row names who calls it. While the event loop is late, latencies say nothing about upstreams.`

/** Six seconds: three readings. */
const RECENT = 3

/** Requests in and out: rates, errors, latencies, what hangs, slow upstreams. */
export const httpOutside: OutsidePart = { id: 'http', make: makeHalf }

function makeHalf(context: SkillContext): OutsideHalf {
  const watch = new HttpWatch(context)
  const parts: HttpParts = { context, watch, explained: new Map(), callers: new Map() }
  return {
    skill: httpSkill(parts),
    hear: (reading, now) => {
      watch.hear(reading, now)
      if (context.isUp()) raiseAll(parts)
    },
    metrics: () => httpReadings(watch),
  }
}

/** Requests that hang are followed to where they wait; others that are late now may be quick again. */
const STUCK = 2

/** A route that is slow, fails or hangs after others have raised something: most likely for that reason. */
function isToldByOthers(context: SkillContext): boolean {
  return context.isRaisedByOthers(epochMs() - SYMPTOM_AFTER_OTHERS_MS, 'http')
}

function raiseAll(parts: HttpParts): void {
  const { context, watch } = parts
  for (const finding of watch.findings()) {
    const { direction, trouble, readings } = finding
    const reason = observationOf({ ...finding, where: undefined })
    const raise = (key: string): void =>
      context.raise({ skill: 'http', key, severity: 'warning', reason })
    if (direction === 'inbound' && trouble === 'hanging' && readings >= STUCK)
      raise(`stuck ${finding.key}`)
    const isKnown =
      direction === 'inbound' && (isExplained(parts, finding.key) || isToldByOthers(context))
    if (direction === 'outbound' || (readings >= LASTING && !isKnown))
      raise(`${direction} ${trouble} ${finding.key}`)
  }
  const waiting = watch.waitingRise
  if (waiting === undefined) return
  const mb = (bytes: number): number => Math.round(bytes / 1_048_576)
  context.raise({
    skill: 'http',
    key: 'waiting bytes',
    severity: 'warning',
    reason: `Bytes that wait in HTTP responses for slow clients keep growing: from ${mb(waiting.from)} MB to ${mb(waiting.to)} MB in ${Math.round(waiting.overMs / 1000)} s (memory outside the heap, back-pressure).`,
  })
}

function httpSkill(parts: HttpParts): BuiltInSkill {
  return {
    id: 'http',
    title: 'HTTP requests in and out',
    description:
      'HTTP requests in by route and out by host: rate, errors, latency, requests that hang, slow or failing upstreams, back-pressure of responses.',
    systemPrompt: PROMPT,
    watch: [],
    drilldown: HTTP_DRILLDOWN,
    snapshot: async () => ({ data: snapshot(parts), via: 'outside' }),
    callbacks: callbacksOf(parts),
  }
}

function callbacksOf(parts: HttpParts): BuiltInSkill['callbacks'] {
  const limited = v.strictObject({ limit: countInput(1, 50, 10) })
  const list = (direction: Direction, limit: number): JsonRecord[] =>
    parts.watch[direction]
      .keys()
      .map((key) => summaryRow(key, summarise(parts.watch[direction].of(key).slice(-RECENT))))
      .sort((left, right) => Number(right['perSecond']) - Number(left['perSecond']))
      .slice(0, limit)
  return {
    http_routes: builtInCallback({
      doc: 'Routes of incoming requests over the last 6 s, the busiest first: key, perSecond, p50Ms, p90Ms, p99Ms, errorPct, refusedPct, abortedPct, open (under way), oldestMs. { limit = 10 }',
      input: limited,
      run: ({ limit }) => list('inbound', limit),
    }),
    http_upstreams: builtInCallback({
      doc: 'Hosts of outgoing requests over the last 6 s, the busiest first: key, perSecond, p50Ms (to the headers), p99Ms, errorPct, open, oldestMs, unread (answers that nobody reads). { limit = 10 }',
      input: limited,
      run: ({ limit }) => list('outbound', limit),
    }),
    ...closerLooks(parts),
  }
}

function closerLooks(parts: HttpParts): BuiltInSkill['callbacks'] {
  return {
    http_upstream_troubles: builtInCallback({
      doc: 'Upstreams that are slow, fail, hang, or whose answers nobody reads, against the time before: host, trouble, p50Ms, p50BeforeMs, errorPct, waiting, location {file, line, function} of who calls it, observation, explanation, remedy.',
      input: v.strictObject({}),
      effect: { probe: { mainPauseMs: 2 } },
      defaultTimeoutMs: 8000,
      run: () => upstreamRows(parts),
    }),
    http_route_troubles: builtInCallback({
      doc: 'Routes that are slow, fail or hang, against the time before: route, trouble, p50Ms, p50BeforeMs, errorPct, open, oldestMs, handler, observation.',
      input: v.strictObject({}),
      run: () => routeRows(parts),
    }),
    http_writers: builtInCallback({
      doc: 'Watches for a second and a half which places write to responses although these ask to wait (write() returned false): writes, refused, location, observation, explanation, remedy.',
      input: v.strictObject({}),
      effect: { probe: { mainPauseMs: 2 } },
      defaultTimeoutMs: 8000,
      run: () => writerRows(parts),
    }),
    http_stuck_requests: builtInCallback({
      doc: 'Follows new requests for three seconds while some hang, and says where in the application they wait, and for what: route, count of seen, kind (lock, promise, upstream, database), awaited, location {file, line, function, package}, exits (ways out of the function that do not give a lock back), observation, explanation, remedy.',
      input: v.strictObject({}),
      effect: { probe: { mainPauseMs: 10 } },
      defaultTimeoutMs: 8000,
      run: () => stuckRows(parts),
    }),
    ...whoDoesWhat(parts),
  }
}

function whoDoesWhat(parts: HttpParts): BuiltInSkill['callbacks'] {
  return {
    http_handlers: builtInCallback({
      doc: 'Routes with requests under way and the function that handles each (of express): route, handler.',
      input: v.strictObject({}),
      run: async () =>
        [...(await handlersOf(parts))].map(([route, handler]) => ({ route, handler })),
    }),
    http_callers: builtInCallback({
      doc: 'Watches for some time which places of the application send requests: host, count, location {file, line, function}. { watchMs = 1500 }',
      input: v.strictObject({ watchMs: countInput(200, 8000, 1500) }),
      effect: { probe: { mainPauseMs: 2 } },
      defaultTimeoutMs: 12_000,
      run: async ({ watchMs }) =>
        (await callersOf(parts, watchMs)).map(({ host, count, place }) => ({
          host,
          count,
          location: { ...place.location },
          sourceLine: place.sourceLine,
        })),
    }),
  }
}

function snapshot({ watch }: HttpParts): JsonRecord {
  const recent = (direction: Direction): ReturnType<typeof summarise> => {
    const all = watch[direction]
      .keys()
      .map((key) => summarise(watch[direction].of(key).slice(-RECENT)))
    const worst = all.toSorted((left, right) => right.p99Ms - left.p99Ms)[0] ?? summarise([])
    const sum = (pick: (one: typeof worst) => number): number =>
      all.reduce((total, one) => total + pick(one), 0)
    return {
      ...worst,
      count: sum((one) => one.count),
      perSecond: Math.round(sum((one) => one.perSecond) * 10) / 10,
      errors: sum((one) => one.errors),
      open: sum((one) => one.open),
      oldestMs: Math.max(0, ...all.map((one) => one.oldestMs)),
    }
  }
  const [inbound, outbound] = [recent('inbound'), recent('outbound')]
  const waiting = watch.waitingRise
  return {
    inPerSecond: inbound.perSecond,
    inErrorPct: Math.round((1000 * inbound.errors) / Math.max(1, inbound.count)) / 10,
    inSlowestP99Ms: inbound.p99Ms,
    inOpen: inbound.open,
    inOldestMs: inbound.oldestMs,
    outPerSecond: outbound.perSecond,
    outErrorPct: Math.round((1000 * outbound.errors) / Math.max(1, outbound.count)) / 10,
    outSlowestP99Ms: outbound.p99Ms,
    outOpen: outbound.open,
    waitingMb: Math.round((watch.waitingBytes.last?.value ?? 0) / 104_857.6) / 10,
    waitingGrowthMb:
      waiting === undefined ? 0 : Math.round((waiting.to - waiting.from) / 1_048_576),
    ...troubles(watch),
    isLoopLate: watch.isLoopLate,
  }
}

function troubles(watch: HttpWatch): JsonRecord {
  const findings = watch.findings()
  const inbound = findings.filter(({ direction }) => direction === 'inbound')
  return {
    upstreamTroubles: findings.length - inbound.length,
    routeTroubles: inbound.length,
    hangingRoutes: inbound.filter(({ trouble }) => trouble === 'hanging').length,
  }
}
