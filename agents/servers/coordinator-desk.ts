/**
 * The coordinator's runs. Every event is written to the journal before the kernel counts on it, so
 * that a coordinator which takes over stands where this one stood.
 */
import { type CallFrom, type ServerContext, send } from '../../runtime/index.ts'
import type { TooManyRuns } from '../errors.ts'
import type { CoordinatorEffect } from '../loop/coordinator-effect.ts'
import { stepCoordinator } from '../loop/coordinator-loop.ts'
import type {
  CoordinatorEvent,
  CoordinatorResult,
  CoordinatorRun,
  FollowUp,
} from '../loop/coordinator-run.ts'
import { type CoordinatorStart, startCoordinatorRun } from '../loop/coordinator-start.ts'
import { unreachable } from '../loop/unreachable.ts'
import { emit } from '../telemetry.ts'
import type { KnownCause } from '../vocabulary/insight.ts'
import { CoordinatorHands } from './coordinator-hands.ts'
import { appendToJournal } from './journal-client.ts'
import type { OperatorMessage } from './messages.ts'
import type { OperatorSupply } from './operator-supply.ts'
import { endedFacts, startedFacts } from './run-facts.ts'
import { type RunStatus, statusOf } from './run-status.ts'
import { RunTimers } from './run-timers.ts'
import { RunTurns } from './run-turns.ts'
import { SharedCauses } from './shared-causes.ts'
import { openRunsOf } from './takeover.ts'

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
  readonly #turns = new RunTurns(() => this.#all())

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

  /** Why a run cannot be taken now; a run that is known already can. */
  refusal({ id, priority = 'normal' }: CoordinatorStart): TooManyRuns | undefined {
    if (this.#runs.has(id) || this.#results.has(id)) return undefined
    return this.#turns.refusal(id, priority)
  }

  /** Starts a run, or lets it wait for its turn; the same id again is the same run. */
  async start(wanted: CoordinatorStart): Promise<void> {
    if (this.#runs.has(wanted.id) || this.#results.has(wanted.id)) return
    const at = Date.now()
    const { priority = 'normal', notBefore = at } = wanted
    const isQueued = notBefore > at || !this.#turns.isNext(priority)
    const known = this.#causes.fresh(at)
    const start: CoordinatorStart = { ...wanted, known, ...(isQueued ? { isQueued } : {}) }
    await appendToJournal(start.id, { type: 'run-started', start })
    const [run, effects] = startCoordinatorRun(start, at)
    const live: LiveRun = { run, waiters: [] }
    this.#runs.set(start.id, live)
    this.#turns.told(run)
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

  /** Takes over what a crashed coordinator had under way, and what waited. */
  async resume(): Promise<void> {
    const { runs, lost } = await openRunsOf()
    for (const run of runs) this.#runs.set(run.id, { run, waiters: [] })
    for (const result of lost) await this.#close(result)
    for (const { id, phase } of runs) {
      emit('run', 'resumed', { runId: id, phase: phase.type })
      await this.hear(id, { type: 'resumed', at: Date.now() })
    }
    await this.#beginNext()
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
    if (event.type === 'timer') await this.#beginNext()
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

  /** Asks one run and its follow-up, or all, for their last words; says which. */
  async cancel(runId?: string): Promise<string[]> {
    const ids = this.#all()
      .filter(({ id, followUpOf }) => runId === undefined || id === runId || followUpOf === runId)
      .map(({ id }) => id)
    for (const id of ids) await this.hear(id, { type: 'cancel', at: Date.now() })
    return ids
  }

  /** Every run that is under way or waits. */
  runs(): RunStatus[] {
    return this.#all().map((run) => statusOf(run, this.#turns.positionOf(run.id)))
  }

  #all(): CoordinatorRun[] {
    return [...this.#runs.values()].map(({ run }) => run)
  }

  /** Lets those begin whose turn it is. */
  async #beginNext(): Promise<void> {
    for (let next = this.#turns.next(); next !== undefined; next = this.#turns.next()) {
      const at = Date.now()
      emit('run', 'started', startedFacts(next, at))
      await this.hear(next.id, { type: 'begin', at })
    }
  }

  async #perform(live: LiveRun, effects: readonly CoordinatorEffect[]): Promise<void> {
    for (const effect of effects) await this.#do(live, effect)
  }

  async #do(live: LiveRun, effect: CoordinatorEffect): Promise<void> {
    const { run } = live
    switch (effect.type) {
      case 'ask-model':
        return void this.#hands.askModel(run, effect)
      case 'ask-strategy':
        return void this.#hands.askStrategy(run.id, effect)
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

  /** The follow-up is a run of its own, in the journal from now on. */
  async #schedule(run: CoordinatorRun, { ms, reason, runId }: FollowUp, followUps: number) {
    if (!this.#turns.maySchedule(run.id)) return
    const notBefore = Date.now() + ms
    const deadlineMs = run.limits.deadlineAt - run.askedAt
    const { id: followUpOf, limits, context, skills, strategy } = run
    await this.start({
      id: runId,
      reason,
      context,
      skills,
      strategy,
      followUps,
      followUpOf,
      priority: 'low',
      notBefore,
      limits: { ...limits, deadlineAt: notBefore + deadlineMs },
    })
  }

  async #end({ run, waiters }: LiveRun, result: CoordinatorResult): Promise<void> {
    const { id: runId } = run
    this.#timers.forget(runId)
    this.#hands.endRun(runId)
    await this.#close(result)
    for (const from of waiters) this.#context.reply(from, result)
    await this.#beginNext()
  }

  async #close(result: CoordinatorResult): Promise<void> {
    const { runId } = result
    await appendToJournal(runId, { type: 'run-ended', result })
    this.#runs.delete(runId)
    this.#results.set(runId, result)
    for (const id of [...this.#results.keys()].slice(0, -maxResults)) this.#results.delete(id)
    for (const cause of this.#causes.counted(result)) await this.#tellOthers(runId, cause)
    emit('run', 'ended', endedFacts(result))
  }
}
