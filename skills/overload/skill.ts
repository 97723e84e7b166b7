import * as v from 'valibot'
import { type BuiltInSkill, builtInCallback } from '../built-in-skill.ts'
import type { DrillStep } from '../contract.ts'
import type { OutsideHalf, OutsidePart, SkillContext } from '../gateway/outside-part.ts'
import { SYMPTOM_AFTER_OTHERS_MS } from '../gateway/raised-lately.ts'
import { type JsonRecord, textOf } from '../json.ts'
import { MEMORY_CONSEQUENCES } from '../memory-consequences.ts'
import { epochMs } from '../probe/clock.ts'
import { RaiseOnce } from '../rates/raise-once.ts'
import { ROW_WORDS } from '../row-words.ts'
import { forecastRows, mailboxRow, stateRow } from './rows.ts'
import { OVERLOAD_TYPES } from './types.ts'
import { OverloadWatch } from './watch.ts'
import { socketWriterRows } from './writers.ts'

const PROMPT = `You watch whether work piles up: requests without an answer, the event loop, the thread pool, pools, bytes that sockets
hold back, mailboxes of actors.
Normal: a busy loop (loopUtilizationPct up to 95) whose waitingRequests stay level; short bursts; streams that are open for long.
Overload is growth: waitingRequests rise steadily because more comes than is answered. The bottleneck names where it piles up, not who
is to blame: the skills vm_events, postgres, http and threads know the cause. Forecasts are extrapolations; say their confidence.`

const DRILLDOWN: readonly DrillStep[] = [
  {
    id: 'surge',
    when: [{ field: 'isGrowing', equals: true }],
    code: 'return overload_state({})',
    rows: [{ field: 'isSurge', equals: true }],
    notify: {
      type: 'overload_surge',
      severity: '{severity}',
      context: 'Event loop {loopUtilizationPct} % busy, before {loopUtilizationBeforePct} %',
      observation: '{observation}',
      hypothesis: '{explanation}',
      remediation: '{remedy}',
      confidence: '{confidence}',
      evidence: [
        'waitingFrom',
        'waitingTo',
        'overSeconds',
        'waitMs',
        'answeredPerSecond',
        'answeredPerSecondBefore',
        'timeToTroubleSeconds',
        'timeToTroubleConfidence',
      ],
      explains: [
        'overload_growing',
        'http_server_slow',
        'http_requests_hang',
        'http_server_errors',
      ],
    },
  },
  {
    // A symptom: without a place and a hypothesis, so that it never stands beside a cause.
    id: 'growing',
    when: [{ field: 'isGrowing', equals: true }],
    code: 'return overload_state({})',
    rows: [
      { field: 'isGrowing', equals: true },
      { field: 'isSurge', equals: false },
    ],
    notify: {
      type: 'overload_growing',
      severity: 'warning',
      context: 'Bottleneck {bottleneck}; event loop {loopUtilizationPct} % busy',
      observation: '{observation}',
      evidence: [
        'bottleneck',
        'waitingFrom',
        'waitingTo',
        'overSeconds',
        'waitMs',
        'timeToTroubleSeconds',
        'timeToTroubleConfidence',
        'poolRequests',
        'databaseWaiting',
        'upstreamOpen',
      ],
    },
  },
  {
    id: 'mailboxes',
    when: [{ field: 'fullMailboxes', above: 0 }],
    code: 'return overload_mailboxes({})',
    rows: [{ field: 'reportable', equals: true }],
    limit: 2,
    notify: {
      type: 'overload_mailbox',
      severity: 'warning',
      context: 'Mailboxes over their mark: {snapshot.fullMailboxes}',
      observation: '{observation}',
      hypothesis: '{explanation}',
      remediation: '{remedy}',
      confidence: 'medium',
      evidence: ['pid', 'name', 'mailbox', 'highWater', 'policy', 'hits'],
    },
  },
  {
    id: 'writers',
    when: [{ field: 'socketsWaitingMb', above: 8 }],
    code: 'return overload_writers({})',
    rows: [{ field: 'reportable', equals: true }],
    limit: 1,
    notify: {
      ...ROW_WORDS,
      type: 'overload_backpressure_ignored',
      context:
        'Sockets with bytes waiting: {snapshot.socketsWaiting}, together {snapshot.socketsWaitingMb} MB',
      evidence: ['writes', 'kb', 'peers', 'watchedMs', 'sourceLine', 'stack'],
      explains: [
        ...OVERLOAD_TYPES,
        'http_server_slow',
        'vm_heapUsedPct',
        'vm_gcSharePct',
        'vm_rssPctOfMemory',
        ...MEMORY_CONSEQUENCES,
      ],
    },
  },
  {
    id: 'sockets',
    when: [{ field: 'socketsGrow', equals: true }],
    code: 'return overload_state({})',
    rows: [{ field: 'socketsGrow', equals: true }],
    notify: {
      type: 'overload_sockets',
      severity: 'warning',
      context: 'Sockets with bytes waiting: {socketsWaiting}',
      observation: '{socketsText}',
      hypothesis:
        'Back-pressure is ignored: more is written to sockets than the other side reads, and the rest piles up in memory',
      remediation:
        "Stop writing when write() returns false until 'drain', use stream.pipeline(), and drop peers that do not read",
      confidence: 'medium',
      evidence: ['socketsWaiting', 'socketsWaitingMb', 'slowestPeer'],
      explains: ['vm_rssPctOfMemory'],
    },
  },
]

/** Work that piles up: growth, where, and when it becomes trouble. */
export const overloadOutside: OutsidePart = { id: 'overload', make: makeHalf }

/** Readings (two seconds each) that growth must last: its cause, if a skill knows it, comes first. */
const LASTING = 5

function makeHalf(context: SkillContext): OutsideHalf {
  const watch = new OverloadWatch(context.history)
  const raised = new RaiseOnce()
  let lasting = 0
  const raise = (key: string, row: JsonRecord, text: string, now: number): void => {
    if (!context.isUp() || !raised.take(key, now)) return
    const severity = row['severity'] === 'critical' ? 'critical' : 'warning'
    context.raise({ skill: 'overload', key, severity, reason: `${text}.` })
  }
  return {
    skill: overloadSkill(context, watch),
    hear: (reading, now) => {
      watch.hear(reading)
      const row = stateRow(watch, now)
      lasting = row['isGrowing'] === true ? lasting + 1 : 0
      // What piles up after others have raised something is most likely what comes of it.
      const isToldByOthers = context.isRaisedByOthers(now - SYMPTOM_AFTER_OTHERS_MS, 'overload')
      if (lasting >= LASTING && !isToldByOthers)
        raise(`growing ${textOf(row['bottleneck'])}`, row, textOf(row['observation']), now)
      if (row['socketsGrow'] === true || row['socketsRise'] === true)
        raise('sockets', row, textOf(row['socketsText']), now)
      for (const actor of watch.mailboxes(now)) {
        const told = mailboxRow(actor, now)
        if (told['reportable'] === true)
          raise(`mailbox ${actor.name || actor.pid}`, told, textOf(told['observation']), now)
      }
    },
    metrics: (now) => ({
      gauges: {
        socketsWaitingMb: watch.sockets.mb,
        longestMailbox: Math.max(0, ...watch.mailboxes(now).map(({ mailbox }) => mailbox)),
      },
    }),
  }
}

function overloadSkill(context: SkillContext, watch: OverloadWatch): BuiltInSkill {
  const nothing = v.strictObject({})
  return {
    id: 'overload',
    title: 'Overload: work that piles up',
    description:
      'Requests that wait, event-loop and thread-pool backlog, back-pressure of streams and sockets, full mailboxes: growth, bottleneck, time to trouble.',
    systemPrompt: PROMPT,
    watch: [],
    drilldown: DRILLDOWN,
    snapshot: async () => ({ data: snapshot(watch), via: 'outside' }),
    callbacks: {
      overload_state: builtInCallback({
        doc: 'Whether requests pile up, over the last 24 s: isGrowing, waitingRequests, waitingFrom, waitingTo, waitingPerSecond, steadiness (-1 to 1), waitMs (of who comes now), answeredPerSecond (and Before), loopUtilizationPct (and Before), bottleneck (main_thread, thread_pool, database, upstream, slow_clients, unknown), isSurge (more comes, at the same cost each), timeToTroubleSeconds (until waits reach 30 s) with its confidence, socketsWaiting, socketsWaitingMb, socketsRise (with each of the last readings), slowestPeer, observation, explanation, remedy.',
        input: nothing,
        run: () => stateRow(watch, epochMs()),
      }),
      overload_forecasts: builtInCallback({
        doc: 'When a resource that grows reaches its limit, the nearest first: what (heap, memory, descriptors, waiting requests), metric, now, limit, growthPerMinute, seconds, confidence, watchedSeconds. Empty: nothing grows.',
        input: nothing,
        run: () => forecastRows(watch, 100, epochMs()),
      }),
      overload_writers: builtInCallback({
        doc: 'Watches for a second and a half which places go on writing to sockets that hold back more than 128 KB already (responses of HTTP excepted: http_writers), most bytes first: writes, kb, peers, location {file, line, function}, observation, explanation, remedy.',
        input: nothing,
        effect: { probe: { mainPauseMs: 5 } },
        defaultTimeoutMs: 8000,
        run: () => socketWriterRows(context),
      }),
      overload_mailboxes: builtInCallback({
        doc: 'Actors of the application whose mailbox went over its mark or hit its bound in the last half minute, the fullest first: pid, name, mailbox, highWater, policy, hits, agoSeconds, observation, explanation, remedy.',
        input: nothing,
        run: () => watch.mailboxes(epochMs()).map((actor) => mailboxRow(actor, epochMs())),
      }),
    },
  }
}

function snapshot(watch: OverloadWatch): JsonRecord {
  const now = epochMs()
  const row = stateRow(watch, now)
  const pick = (name: string): JsonRecord[string] => row[name] ?? null
  return {
    isGrowing: pick('isGrowing'),
    isSurge: pick('isSurge'),
    bottleneck: pick('bottleneck'),
    waitingRequests: pick('waitingRequests'),
    waitMs: pick('waitMs'),
    timeToTroubleSeconds: pick('timeToTroubleSeconds'),
    loopUtilizationPct: pick('loopUtilizationPct'),
    poolRequests: pick('poolRequests'),
    databaseWaiting: pick('databaseWaiting'),
    socketsWaiting: pick('socketsWaiting'),
    socketsWaitingMb: pick('socketsWaitingMb'),
    socketsGrow: pick('socketsGrow'),
    socketsRise: pick('socketsRise'),
    fullMailboxes: watch.mailboxes(now).length,
  }
}
