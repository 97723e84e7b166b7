import { rootTree, type TreeSource } from '../../runtime/index.ts'
import type { BuiltInSkill } from '../built-in-skill.ts'
import type { DrillStep } from '../contract.ts'
import type { OutsideHalf, OutsidePart, SkillContext } from '../gateway/outside-part.ts'
import type { MetricReadings } from '../history/feed.ts'
import { type JsonRecord, textOf } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { RaiseOnce } from '../rates/raise-once.ts'
import { ROW_WORDS } from '../row-words.ts'
import { orphanRows, supervisorCallbacks } from './callbacks.ts'
import { isAway, isLooping, restartRow, restartsIn } from './rows.ts'
import { TreeHistory } from './tree-history.ts'

const PROMPT = `You watch the tree of actors and supervisors of nodelens's runtime: who is restarted how often and why, who is
missing, who nobody supervises.
Normal: no restarts, or one now and then; children that come and go under a dynamic supervisor; a few actors
outside of the tree, which were spawned by hand. Not normal: the same child restarted three times in a minute (a crash loop), a child that is
down for more than ten seconds. Rows with partOfNodelens are nodelens's own actors: say so, and do not blame the
application for them. Look first at supervisor_restarts.`

const DRILLDOWN: readonly DrillStep[] = [
  {
    id: 'restarts',
    when: [{ field: 'crashLoops', above: 0 }],
    code: 'return supervisor_restarts({ limit = 5 })',
    rows: [{ field: 'reportable', equals: true }],
    limit: 2,
    notify: {
      type: 'supervisor_crash_loop',
      ...ROW_WORDS,
      context:
        'Processes {snapshot.processes}, supervisors {snapshot.supervisors}, restarts in the last minute {snapshot.restarts1m}',
      evidence: ['child', 'restarts1m', 'restarts10m', 'restartsTotal', 'reason', 'stack'],
      explains: ['logger_error_storm', 'logger_warnings_rising', 'exception_reported_rising'],
    },
  },
]

/** How often the tree is looked at; and how long its events are listened to after a restart. */
const LOOK_MS = 5000
const LISTEN_MS = 60_000
const MINUTE_MS = 60_000

/** The runtime's tree; all of it lives in the gateway's own thread. */
export const supervisorOutside: OutsidePart = {
  id: 'supervisor',
  make: (context) => new SupervisorHalf(context, sourceHere),
}

/** The tree of this thread; undefined in a thread that is no root of a runtime. */
function sourceHere(): TreeSource | undefined {
  try {
    return rootTree()
  } catch {
    return undefined
  }
}

/** Exported for its tests, which bring a tree of their own. */
export class SupervisorHalf implements OutsideHalf {
  readonly skill: BuiltInSkill
  readonly #context: SkillContext
  readonly #source: () => TreeSource | undefined
  readonly #history = new TreeHistory()
  readonly #raised = new RaiseOnce()
  #nextLookAt = 0
  #isLooking = false
  #listening: { readonly until: number; readonly stop: () => void } | undefined

  constructor(context: SkillContext, source: () => TreeSource | undefined) {
    this.#context = context
    this.#source = source
    this.skill = {
      id: 'supervisor',
      title: 'Supervision tree',
      description:
        'Actors and supervisors of the runtime: restarts, crash loops, missing children, orphans.',
      systemPrompt: PROMPT,
      watch: [],
      drilldown: DRILLDOWN,
      snapshot: async () => ({ data: await this.#snapshot(), via: 'outside' }),
      callbacks: supervisorCallbacks({
        history: this.#history,
        look: () => this.#look(epochMs()),
        parts: context,
      }),
    }
  }

  readonly tick = (now: number): void => {
    if (this.#listening !== undefined && now > this.#listening.until) this.stop()
    if (now < this.#nextLookAt) return
    this.#nextLookAt = now + LOOK_MS
    void this.#look(now)
  }

  readonly metrics = (now: number): MetricReadings => ({ gauges: this.#counts(now) })

  readonly stop = (): void => {
    this.#listening?.stop()
    this.#listening = undefined
  }

  /** Looks at the tree, and listens to it for a while when something was restarted. */
  async #look(now: number): Promise<boolean> {
    const source = this.#source()
    if (source === undefined || this.#isLooking) return source !== undefined
    this.#isLooking = true
    try {
      const hasRestarted = this.#history.take(await source.snapshot(), now)
      if (hasRestarted) this.#listen(source, now)
      this.#raise(now)
    } catch {
      // The runtime is stopping: there is nothing to see any more.
    } finally {
      this.#isLooking = false
    }
    return true
  }

  #listen(source: TreeSource, now: number): void {
    const until = now + LISTEN_MS
    const stop =
      this.#listening?.stop ??
      source.subscribe((event) => {
        if (event.type !== 'child-restarted') return
        this.#history.hear(event)
        this.#raise(epochMs())
      })
    this.#listening = { until, stop }
  }

  #raise(now: number): void {
    const [worst] = this.#looping(now).filter(
      // Why it dies is worth the wait for one more death.
      ({ restarts, isOwn }) => !isOwn && restarts.some(({ reason }) => reason !== undefined),
    )
    if (worst === undefined || !this.#raised.take(worst.path, now)) return
    const row = restartRow(worst, now, this.#context)
    const severity = row['severity'] === 'critical' ? 'critical' : 'warning'
    this.#context.raise({
      skill: 'supervisor',
      key: worst.path,
      severity,
      reason: `${textOf(row['observation'])}.`,
    })
  }

  #looping(now: number): ReturnType<TreeHistory['children']> {
    return this.#history
      .children()
      .filter((child) => isLooping(child, now))
      .sort((left, right) => restartsIn(right, MINUTE_MS, now) - restartsIn(left, MINUTE_MS, now))
  }

  #counts(now: number): Record<string, number> {
    const { entries } = this.#history
    const children = this.#history.children()
    return {
      processes: entries.length,
      restarts1m: children.reduce((total, child) => total + restartsIn(child, MINUTE_MS, now), 0),
      missingChildren: children.filter((child) => isAway(child, now)).length,
      longestMailbox: Math.max(0, ...entries.map(({ node }) => node.mailbox)),
    }
  }

  async #snapshot(): Promise<JsonRecord> {
    const now = epochMs()
    const isThere = await this.#look(now)
    const { entries } = this.#history
    return {
      isAvailable: isThere,
      ...this.#counts(now),
      supervisors: entries.filter(({ node }) => node.kind === 'supervisor').length,
      threads: new Set(entries.map(({ node }) => node.thread.ordinal)).size,
      crashLoops: this.#looping(now).length,
      unresponsive: entries.filter(({ node }) => node.status === 'unresponsive').length,
      orphans: orphanRows(entries).length,
    }
  }
}
