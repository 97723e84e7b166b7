import * as v from 'valibot'
import { type BuiltInSkill, builtInCallback, countInput } from '../built-in-skill.ts'
import type { OutsideHalf, OutsidePart, SkillContext } from '../gateway/outside-part.ts'
import type { JsonRecord } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { crashRows } from './crash-rows.ts'
import { countTargets, descriptorLimit, readTargets } from './descriptors.ts'
import { HANDLES_DRILLDOWN } from './drilldown.ts'
import { fileRows } from './file-rows.ts'
import type { HandleParts } from './parts.ts'
import { Suspicions } from './suspicions.ts'
import { timerRows } from './timer-rows.ts'
import { HandleWatch } from './watch.ts'

const PROMPT = `You watch what the application holds open: sockets, file descriptors, timers, servers, child processes and
worker threads. Counts are by the place in the application that made them.
Normal: pools and agents that grow to their size and stay there; connections that follow the load; timers that follow the open
connections; workers and children that end with code 0 or are terminated. A leak grows steadily and is never closed: its row has
verdict 'leak' and names the function that opens without closing. A crash loop is what is started again and again and dies of the
same error. handles_timers and handles_files watch for some seconds, because Node tells the place of neither by itself.`

const WINDOW = { probe: { mainPauseMs: 5 } } as const

/** What the application holds open, who opened it, and which of it leaks. */
export const handlesOutside: OutsidePart = { id: 'handles', make: makeHalf }

function makeHalf(context: SkillContext): OutsideHalf {
  const watch = new HandleWatch()
  const parts: HandleParts = { context, watch }
  const suspicions = new Suspicions(parts)
  return {
    skill: handlesSkill(parts, suspicions),
    hear: (reading, now) => {
      watch.hear(reading, now)
      if (context.isUp()) raiseAll(parts, suspicions, now)
    },
    metrics: () => ({ gauges: counts(watch) }),
  }
}

/** The coordinator takes up the same key once in a while; here every reading may say it again. */
function raiseAll({ context, watch }: HandleParts, suspicions: Suspicions, now: number): void {
  const looks = new Set(watch.growing().map(({ what }) => what))
  suspicions.calm(looks)
  for (const look of looks) void suspicions.confirm(look)
  for (const loop of watch.crashLoops(now)) {
    const what = loop.what === 'child' ? 'child processes' : 'worker threads'
    context.raise({
      skill: 'handles',
      key: `crash ${loop.groupId}`,
      severity: 'warning',
      reason: `The application's ${what} crash again and again: ${loop.crashes} times in the last ${Math.round(loop.overMs / 1000)} s.`,
    })
  }
}

function handlesSkill(parts: HandleParts, suspicions: Suspicions): BuiltInSkill {
  return {
    id: 'handles',
    title: 'Sockets, descriptors, timers, workers, child processes',
    description:
      'Open sockets, connections, file descriptors, timers, servers, workers and child processes: counts, growth, leaks with the place that opens them; crash loops of workers.',
    systemPrompt: PROMPT,
    watch: [
      {
        metric: 'descriptorUsedPct',
        above: 80,
        severity: 'warning',
        observation: '{value} % of the file descriptors that the process may open are in use',
      },
    ],
    drilldown: HANDLES_DRILLDOWN,
    snapshot: async () => ({ data: snapshot(parts), via: 'outside' }),
    callbacks: callbacksOf(parts, suspicions),
  }
}

function callbacksOf(parts: HandleParts, suspicions: Suspicions): BuiltInSkill['callbacks'] {
  const limited = v.strictObject({ limit: countInput(1, 25, 10) })
  return {
    handles_sites: builtInCallback({
      doc: 'Places that open sockets, servers, child processes and workers, those that grow first: kind, open, created, closed, growthPerMinute, idlePct (of sockets), peer, agents, verdict (leak, busy, stable), location {file, line, function}, observation, explanation, remedy. { limit = 10 }',
      input: limited,
      defaultTimeoutMs: 8000,
      run: async ({ limit }) => (await suspicions.rows('site')).slice(0, limit),
    }),
    ...windowCallbacks(parts, suspicions),
    handles_crash_loops: builtInCallback({
      doc: 'Workers and child processes that crashed, the most frequent first: what, error, count, perMinute, medianLifeMs, isLoop, location (where it was thrown), starter (who starts them), explanation, remedy. { limit = 10 }',
      input: limited,
      run: async ({ limit }) => (await crashRows(parts, epochMs())).slice(0, limit),
    }),
    handles_descriptors: builtInCallback({
      doc: 'Open file descriptors of the process by what they point to, most first: target, count. { limit = 10 }',
      input: limited,
      run: ({ limit }) =>
        [...countTargets(readTargets())]
          .sort((left, right) => right[1] - left[1])
          .slice(0, limit)
          .map(([target, count]) => ({ target, count })),
    }),
  }
}

/** Node tells the place of neither: these watch for a while. */
function windowCallbacks(parts: HandleParts, suspicions: Suspicions): BuiltInSkill['callbacks'] {
  const watched = v.strictObject({
    watchMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(8000))),
  })
  return {
    handles_timers: builtInCallback({
      doc: 'Watches for some time which places set timers, and gives them with timer, delayMs, created, keptPct (never cleared), active (of the same kind, in all), verdict (leak, waiting, normal), location, explanation, remedy. Without watchMs what was seen in the last seconds serves. { watchMs }',
      input: watched,
      effect: WINDOW,
      defaultTimeoutMs: 12_000,
      run: (input) =>
        input.watchMs === undefined ? suspicions.rows('timers') : timerRows(parts, input.watchMs),
    }),
    handles_files: builtInCallback({
      doc: 'Watches for some time which places open files, and gives them with opened, openPct (still open), left, example, location, explanation, remedy. Without watchMs what was seen in the last seconds serves. { watchMs }',
      input: watched,
      effect: WINDOW,
      defaultTimeoutMs: 12_000,
      run: (input) =>
        input.watchMs === undefined ? suspicions.rows('files') : fileRows(parts, input.watchMs),
    }),
  }
}

/** What is open now. */
function counts({
  reading,
  descriptors,
  connections,
  timers,
}: HandleWatch): Record<string, number> {
  const open = (kind: string): number => {
    const totals = reading?.totals[kind]
    return totals === undefined ? 0 : totals.created - totals.closed
  }
  return {
    descriptorsOpen: descriptors.last?.value ?? 0,
    socketsOpen: open('socket'),
    connectionsOpen: connections.last?.value ?? 0,
    serversOpen: open('server'),
    timersActive: timers.last?.value ?? 0,
    workersAlive: open('worker'),
    childrenAlive: open('child'),
    requestsPending: pendingRequests(reading?.resources ?? {}),
  }
}

/** What waits for the thread pool or the system: file, name, crypto and zlib calls, connects. */
function pendingRequests(resources: Readonly<Record<string, number>>): number {
  const pending = Object.entries(resources).filter(([type]) => /Req|Job$|^Zlib/.test(type))
  return pending.reduce((total, [, count]) => total + count, 0)
}

function snapshot({ watch }: HandleParts): JsonRecord {
  const growing = watch.growing()
  const descriptorsOpen = watch.descriptors.last?.value ?? 0
  const limit = descriptorLimit()
  return {
    ...counts(watch),
    descriptorLimit: limit,
    descriptorUsedPct: limit === 0 ? 0 : Math.round((1000 * descriptorsOpen) / limit) / 10,
    growingSites: growing.filter(({ what }) => what === 'site').length,
    timersGrow: growing.some(({ what }) => what === 'timers'),
    filesGrow: growing.some(({ what }) => what === 'files'),
    crashLoopCount: watch.crashLoops(epochMs()).length,
    activeResources: { ...watch.reading?.resources },
  }
}
