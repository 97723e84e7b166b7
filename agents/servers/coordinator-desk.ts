/**
 * The coordinator's runs. Every event is written to the journal before the kernel counts on it, so
 * that a coordinator which takes over stands where this one stood.
 */
import { type CallFrom, cast, type ServerContext, send } from '../../runtime/index.ts'
import { TooManyRuns } from '../errors.ts'
import {
  type CoordinatorStart,
  startCoordinatorRun,
  stepCoordinator,
} from '../loop/coordinator-loop.ts'
import type {
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorResult,
  CoordinatorRun,
  FollowUp,
} from '../loop/coordinator-run.ts'
import { graceFor } from '../loop/run-limits.ts'
import { unreachable } from '../loop/unreachable.ts'
import { emit } from '../telemetry.ts'
import type { KnownCause } from '../vocabulary/insight.ts'
import { CoordinatorHands } from './coordinator-hands.ts'
import { appendToJournal } from './journal-client.ts'
import type { OperatorMessage } from './messages.ts'
import { names } from './names.ts'
import type { OperatorSupply } from './operator-supply.ts'
import { endedFacts, startedFacts } from './run-facts.ts'
import { newRunId } from './run-id.ts'
import { type RunStatus, statusOf } from './run-status.ts'
import { RunTimers } from './run-timers.ts'
import { SharedCauses } from './shared-causes.ts'
import { openRunsOf } from './takeover.ts'

/** Runs that are under way at a time. */
export const maxRuns = 16
/** Results of ended runs that `await` still finds. */
const maxResults = 64

interface LiveRun {
  run: CoordinatorRun
  readonly waiters: CallFrom[]
}

export class CoordinatorDesk {
  readonly #context: ServerContext
  readonly #hands: CoordinatorHands
  readonly #timers: RunTimers
  readonly #runs = new Map<string, LiveRun>()
  readonly #results = new Map<string, CoordinatorResult>()
  /** What the runs have found lately. */
  readonly #causes = new SharedCauses()
  /** Follow-ups that are yet to come, by the run that asked for them. */
  readonly #followUps = new Map<string, NodeJS.Timeout>()

  constructor(
    context: ServerContext,
    node: string,
    supply: (skill: string) => OperatorSupply | undefined,
  ) {
    const post = (runId: string, event: CoordinatorEvent): void =>
      send(context.self, { type: 'run-event', runId, event })
    this.#context = context
    this.#hands = new CoordinatorHands(context.self, node, supply, post)
    this.#timers = new RunTimers((runId, timer) =>
      post(runId, { type: 'timer', timer, at: Date.now() }),
    )
  }

  get hands(): CoordinatorHands {
    return this.#hands
  }

  refusal(runId: string): TooManyRuns | undefined {
    if (this.#runs.has(runId) || this.#results.has(runId)) return undefined
    return this.#runs.size < maxRuns ? undefined : new TooManyRuns('The coordinator', maxRuns)
  }

  /** Starts a run; the same id again is the same run. */
  async start(wanted: CoordinatorStart): Promise<void> {
    if (this.#runs.has(wanted.id) || this.#results.has(wanted.id)) return
    const at = Date.now()
    const start = { ...wanted, known: this.#causes.fresh(at) }
    await appendToJournal(start.id, { type: 'run-started', start })
    const [run, effects] = startCoordinatorRun(start, at)
    const live: LiveRun = { run, waiters: [] }
    this.#runs.set(start.id, live)
    emit('run', 'started', startedFacts(start))
    await this.#perform(live, effects)
  }

  /** Lets a call wait for a run's result; false if there is no such run. */
  awaitRun(runId: string, from: CallFrom): boolean {
    const live = this.#runs.get(runId)
    live?.waiters.push(from)
    const result = this.#results.get(runId)
    if (result !== undefined) this.#context.reply(from, result)
    return live !== undefined || result !== undefined
  }

  /** Takes over what a crashed coordinator had under way. */
  async resume(): Promise<void> {
    for (const run of await openRunsOf()) {
      this.#runs.set(run.id, { run, waiters: [] })
      emit('run', 'resumed', { runId: run.id, phase: run.phase.type })
      await this.hear(run.id, { type: 'resumed', at: Date.now() })
    }
  }

  /** Feeds an event to its run, after it was written. */
  async hear(runId: string, event: CoordinatorEvent): Promise<void> {
    const live = this.#runs.get(runId)
    if (live === undefined) return
    if (event.type !== 'operator-progressed')
      await appendToJournal(runId, { type: 'run-event', event })
    const [run, effects] = stepCoordinator(live.run, event)
    live.run = run
    await this.#perform(live, effects)
  }

  /** What an operator says, as an event of its run. */
  async hearOperator(message: OperatorMessage): Promise<void> {
    const { operator } = message
    const [runId = ''] = operator.split('.')
    const at = Date.now()
    switch (message.type) {
      case 'operator_notification': {
        const { notification } = message
        if (this.#runs.has(runId)) {
          return this.hear(runId, { type: 'operator-notified', operator, notification, at })
        }
        const about = { notificationId: notification.id, reason: 'its run has ended' }
        return emit('coordinator', 'notification-ignored', about)
      }
      case 'operator_complete': {
        this.#hands.unwatch(runId, operator)
        const { result } = message
        return this.hear(runId, { type: 'operator-completed', operator, result, at })
      }
      case 'operator_progress': {
        const { state, iteration } = message
        return this.hear(runId, { type: 'operator-progressed', operator, state, iteration, at })
      }
      default:
        return unreachable(message)
    }
  }

  /** Asks one run, or all, for their last words; says which. */
  async cancel(runId?: string): Promise<string[]> {
    const ids = [...this.#runs.keys()].filter((id) => runId === undefined || id === runId)
    for (const id of ids) await this.hear(id, { type: 'cancel', at: Date.now() })
    for (const [id, timer] of this.#followUps) {
      if (runId !== undefined && id !== runId) continue
      clearTimeout(timer)
      this.#followUps.delete(id)
    }
    return ids
  }

  /** Every run that is under way. */
  runs(): RunStatus[] {
    return [...this.#runs.values()].map(({ run }) => statusOf(run))
  }

  async #perform(live: LiveRun, effects: readonly CoordinatorEffect[]): Promise<void> {
    for (const effect of effects) await this.#do(live, effect)
  }

  async #do(live: LiveRun, effect: CoordinatorEffect): Promise<void> {
    const { run } = live
    switch (effect.type) {
      case 'ask-model':
        return void this.#hands.askModel(run, effect)
      case 'abort':
        return this.#hands.abort(run.id, effect.request)
      case 'arm-timer':
        return this.#timers.arm(run.id, effect.timer, effect.ms)
      case 'start-operator':
        return void this.#hands.startOperator(run, effect)
      case 'attach-operator':
        return void this.#hands.attachOperator(run.id, effect)
      case 'conclude-operator':
        return this.#hands.concludeOperator(run.id, effect)
      case 'stop-operator':
        return void this.#hands.stopOperator(run.id, effect)
      case 'message-operator':
        return void this.#hands.messageOperator(run.id, effect)
      case 'insight':
        await appendToJournal(run.id, { type: 'insight', insight: effect.insight })
        return this.#tellOthers(run.id, this.#causes.told(effect.insight, run))
      case 'schedule':
        return this.#schedule(run, effect.followUp, effect.followUps)
      case 'tell':
        return this.#emit(run.id, effect)
      case 'end':
        return this.#end(live, effect.result)
      default:
        return unreachable(effect)
    }
  }

  /** A cause that one run has found explains what the others see. */
  async #tellOthers(runId: string, cause: KnownCause | undefined): Promise<void> {
    if (cause === undefined) return
    for (const id of this.#runs.keys())
      if (id !== runId) await this.hear(id, { type: 'cause-known', cause, at: Date.now() })
  }

  #emit(runId: string, { event, data }: Extract<CoordinatorEffect, { type: 'tell' }>): void {
    if (event === 'concluding' || event === 'bound-hit') emit('run', event, { ...data, runId })
    else emit('coordinator', event, { ...data, runId })
  }

  /** The follow-up is a run of its own; its timer belongs to nobody's run. */
  #schedule(run: CoordinatorRun, { ms, reason }: FollowUp, followUps: number): void {
    const deadlineMs = run.limits.deadlineAt - Date.parse(run.startedAt)
    const { id: _, limits, context, skills } = run
    const begin = (): void => {
      this.#followUps.delete(run.id)
      const deadlineAt = Date.now() + deadlineMs
      const start: CoordinatorStart = {
        id: newRunId(),
        reason,
        context,
        skills,
        followUps,
        limits: { ...limits, deadlineAt, graceMs: graceFor(deadlineMs) },
      }
      cast(names.coordinator, 'begin', start)
    }
    this.#followUps.set(run.id, setTimeout(begin, ms))
  }

  async #end({ run, waiters }: LiveRun, result: CoordinatorResult): Promise<void> {
    const { id: runId } = run
    this.#timers.forget(runId)
    this.#hands.unwatch(runId)
    await appendToJournal(runId, { type: 'run-ended', result })
    this.#runs.delete(runId)
    this.#results.set(runId, result)
    for (const id of [...this.#results.keys()].slice(0, -maxResults)) this.#results.delete(id)
    for (const from of waiters) this.#context.reply(from, result)
    for (const cause of this.#causes.counted(result)) await this.#tellOthers(runId, cause)
    emit('run', 'ended', endedFacts(result))
  }
}
