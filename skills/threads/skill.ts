import * as v from 'valibot'
import { type BuiltInSkill, builtInCallback, countInput } from '../built-in-skill.ts'
import type { OutsideHalf, OutsidePart, SkillContext } from '../gateway/outside-part.ts'
import { recordsOf } from '../handles/reading.ts'
import type { JsonRecord } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { placeOfStack, placeText } from '../source/place.ts'
import { crashRows } from './crash-rows.ts'
import { THREADS_DRILLDOWN } from './drilldown.ts'
import { leakRow, stuckRow, threadRow } from './rows.ts'
import { ThreadWatch } from './watch.ts'

const PROMPT = `You watch the application's own worker threads: pools (piscina, tinypool, plain worker_threads) and what else it
starts. Threads of nodelens itself are not among them.
Normal: workers compute: high CPU and a late loop are their work, and a worker that waits in Atomics.wait for its next task
is late too, with an idle CPU. A thread is stuck when it has been in one call of one function far longer than it ever was, or
in a regular expression for seconds. Its heap is its own, with its own limit (heapLimitMb): main's memory does not show it. A worker
that dies of an error that it does not handle loses its task. Rows name the function, file and line.`

/** The application's own threads: which hang, leak, crash. */
export const threadsOutside: OutsidePart = { id: 'threads', make: makeHalf }

function makeHalf(context: SkillContext): OutsideHalf {
  const watch = new ThreadWatch(context)
  return {
    skill: threadsSkill(context, watch),
    hear: (reading, now) => watch.hear(reading, now),
    tick: (now) => watch.tick(now),
    metrics: () => ({ gauges: levels(watch), counters: { started: watch.started } }),
    stop: () => watch.stop(),
  }
}

function threadsSkill(context: SkillContext, watch: ThreadWatch): BuiltInSkill {
  return {
    id: 'threads',
    title: 'Worker threads of the application',
    description:
      "The application's own worker threads and pools: workers that hang or loop, whose memory leaks, that crash; CPU, loop and heap by thread.",
    systemPrompt: PROMPT,
    watch: [],
    drilldown: THREADS_DRILLDOWN,
    snapshot: async () => ({ data: await snapshot(watch), via: 'outside' }),
    callbacks: callbacksOf(context, watch),
  }
}

function callbacksOf(context: SkillContext, watch: ThreadWatch): BuiltInSkill['callbacks'] {
  const limited = v.strictObject({ limit: countInput(1, 50, 10) })
  return {
    threads_list: builtInCallback({
      doc: 'Worker threads of the application, the busiest first: threadId, name, entry (file), startedBy, ageSeconds, cpuPct (100 = one core), loopUtilizationPct, lateMs (of its heartbeat), heapUsedMb, heapLimitMb, heapUsedPct, externalMb, gcSharePct. { limit = 10 }',
      input: limited,
      run: async ({ limit }) => {
        const starters = await startersOf(context)
        const now = epochMs()
        return watch
          .threads()
          .map(
            (thread): JsonRecord => ({
              ...threadRow(thread, now, context.root),
              startedBy: starters.get(thread.reading.threadId) ?? null,
            }),
          )
          .toSorted((left, right) => Number(right['cpuPct']) - Number(left['cpuPct']))
          .slice(0, limit)
      },
    }),
    threads_stuck: builtInCallback({
      doc: 'Worker threads that hang, or hung in the last five minutes, by place: thread, threads (how many), kind, durationMs, usualMs (the longest before), cpuSharePct, location {file, line, function, package}, pattern, stack, observation, explanation, remedy. { limit = 10 }',
      input: limited,
      run: ({ limit }) =>
        watch
          .stuck()
          .slice(0, limit)
          .map((group) => stuckRow(group, context)),
    }),
    ...memoryAndCrashes(context, watch),
  }
}

function memoryAndCrashes(context: SkillContext, watch: ThreadWatch): BuiltInSkill['callbacks'] {
  const limited = v.strictObject({ limit: countInput(1, 50, 10) })
  return {
    threads_leaks: builtInCallback({
      doc: 'Worker threads whose memory was found to grow in the last ten minutes, the newest first: thread, fromMb, toMb, overSeconds, heapLimitMb, threadsGrowing, name (of what grows), growthMbPerMinute, location {file, line, function} of the code that adds to it, observation, explanation, remedy. { limit = 10 }',
      input: limited,
      defaultTimeoutMs: 15_000,
      run: async ({ limit }) =>
        (await watch.leaks.leaks(epochMs())).slice(0, limit).map((leak) => leakRow(leak, context)),
    }),
    threads_crashes: builtInCallback({
      doc: 'Workers that died of an error that they did not handle, the newest first: threadId, error, code, agoSeconds, lifeMs, isOutOfMemory, isLoop (the skill handles has more), location (where it was thrown, else started), starter, stack, observation, explanation, remedy. { limit = 10 }',
      input: limited,
      run: async ({ limit }) => {
        const call = { timeoutMs: 2000, mayInterrupt: true }
        const { value } = await context.access.invoke('threads.crashes', null, call)
        const leaks = await watch.leaks.leaks(epochMs())
        return crashRows(recordsOf(value), leaks, context, epochMs()).slice(0, limit)
      },
    }),
  }
}

async function startersOf({
  access,
  files,
  ownFolders,
  root,
}: SkillContext): Promise<Map<number, string>> {
  const starters = new Map<number, string>()
  try {
    const call = { timeoutMs: 1000, mayInterrupt: true }
    const { value } = await access.invoke('threads.alive', null, call)
    for (const { threadId, stack } of recordsOf(value)) {
      const place = typeof stack === 'string' ? placeOfStack(stack, files, ownFolders) : undefined
      if (place !== undefined) starters.set(Number(threadId), placeText(place.location, root))
    }
  } catch {
    // Main is natively blocked: the rows say all but this.
  }
  return starters
}

/** What is cheap to know. */
function levels(watch: ThreadWatch): Record<string, number> {
  const threads = watch.threads()
  const cpu = threads.map((thread) => thread.shares().cpuPct ?? 0)
  const heap = threads.map(({ reading }) =>
    reading.heapLimitBytes === 0 ? 0 : (100 * reading.heapUsedBytes) / reading.heapLimitBytes,
  )
  return {
    threads: threads.length,
    busiestCpuPct: Math.max(0, ...cpu),
    totalCpuPct: cpu.reduce((total, share) => total + share, 0),
    highestHeapUsedPct: Math.round(10 * Math.max(0, ...heap)) / 10,
  }
}

async function snapshot(watch: ThreadWatch): Promise<JsonRecord> {
  const now = epochMs()
  return {
    ...levels(watch),
    startedInAll: watch.started,
    unseenThreads: watch.unseen,
    stuckThreads: watch.stuck().reduce((total, group) => total + group.length, 0),
    growingThreads: watch.leaks.growingThreads,
    leakingEntries: (await watch.leaks.leaks(now)).length,
    crashes1m: watch.crashesLately(now),
  }
}
