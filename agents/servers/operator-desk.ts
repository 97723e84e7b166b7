/**
 * One operator's runs and whoever hears of them. Events are handled one at a time; the journal is
 * the only thing that is waited for, because what is sent must have been written before.
 */
import {
  type CallFrom,
  type DownMessage,
  demonitor,
  monitor,
  type Pid,
  type Ref,
  type ServerContext,
  send,
} from '../../runtime/index.ts'
import { TooManyRuns } from '../errors.ts'
import { type OperatorStart, startOperatorRun, stepOperator } from '../loop/operator-loop.ts'
import type {
  OperatorEffect,
  OperatorEvent,
  OperatorResult,
  OperatorRun,
} from '../loop/operator-run.ts'
import type { ConcludeCause } from '../loop/run-limits.ts'
import { unreachable } from '../loop/unreachable.ts'
import { emit } from '../telemetry.ts'
import type { OperatorHealth } from '../vocabulary/operator-action.ts'
import { appendToJournal } from './journal-client.ts'
import type { OperatorMessage } from './messages.ts'
import { OperatorHands } from './operator-hands.ts'
import { operatorEndedFacts } from './run-facts.ts'
import { RunTimers } from './run-timers.ts'

/** Runs that one operator has under way at a time. */
export const maxOperatorRuns = 16
/** Results of ended runs, kept for a coordinator that comes back. */
const maxResults = 32
/** How long a run goes on without the coordinator that started it, milliseconds. */
const orphanMs = 10_000
const orphanTimer = 'orphaned'

interface LiveRun {
  run: OperatorRun
  /** Whoever hears of its notifications and its end. */
  listener: { readonly pid: Pid; readonly ref: Ref } | undefined
  /** Calls that wait for its result. */
  readonly waiters: CallFrom[]
}

type Told<Message> = Message extends OperatorMessage ? Omit<Message, 'pid'> : never

export class OperatorDesk {
  readonly #skill: string
  readonly #context: ServerContext
  readonly #hands: OperatorHands
  readonly #timers: RunTimers
  readonly #runs = new Map<string, LiveRun>()
  #hasWorked = false
  readonly #results = new Map<string, OperatorResult>()
  readonly #questions = new Map<string, CallFrom>()
  #serial = 0

  constructor(skill: string, context: ServerContext) {
    const { self } = context
    const post = (runId: string, event: OperatorEvent): void =>
      send(self, { type: 'run-event', runId, event })
    this.#skill = skill
    this.#context = context
    this.#hands = new OperatorHands(self, post)
    this.#timers = new RunTimers((runId, timer) =>
      post(
        runId,
        timer === orphanTimer
          ? { type: 'conclude', cause: 'cancelled', at: Date.now() }
          : { type: 'timer', timer, at: Date.now() },
      ),
    )
  }

  get isIdle(): boolean {
    return this.#runs.size === 0
  }

  /** It has had a run: nobody is on the way to it because it has just been started. */
  get hasWorked(): boolean {
    return this.#hasWorked
  }

  /** Why a run cannot be started now, if it cannot. */
  refusal(runId: string): TooManyRuns | undefined {
    if (this.#runs.has(runId) || this.#runs.size < maxOperatorRuns) return undefined
    return new TooManyRuns(`Operator "${this.#skill}"`, maxOperatorRuns)
  }

  /** Starts a run; the same id again is the same run, with one more who waits for it. */
  async start(start: OperatorStart, heard: { listener?: Pid; waiter?: CallFrom }): Promise<void> {
    const { listener, waiter } = heard
    const waiters = waiter === undefined ? [] : [waiter]
    const known = this.#runs.get(start.id)
    if (known !== undefined) {
      known.waiters.push(...waiters)
      return
    }
    const [run, effects] = startOperatorRun(start, Date.now())
    const live: LiveRun = { run, listener: undefined, waiters }
    if (listener !== undefined) live.listener = { pid: listener, ref: monitor(listener) }
    this.#runs.set(start.id, live)
    this.#hasWorked = true
    emit('run', 'started', {
      agent: 'operator',
      ...this.#about(run),
      reason: start.reason,
    })
    await this.#perform(live, effects)
  }

  /** Feeds an event to its run, if that is still under way. */
  async hear(runId: string, event: OperatorEvent): Promise<void> {
    const live = this.#runs.get(runId)
    if (live === undefined) return
    const [run, effects] = stepOperator(live.run, event)
    live.run = run
    await this.#perform(live, effects)
  }

  /** Puts a question to the newest run; false if there is none. */
  async ask(from: string, text: string, waiter: CallFrom): Promise<boolean> {
    const runId = [...this.#runs.keys()].at(-1)
    if (runId === undefined) return false
    const id = `message-${++this.#serial}`
    this.#questions.set(id, waiter)
    await this.hear(runId, { type: 'message', id, from, text, at: Date.now() })
    return true
  }

  /** A coordinator that was restarted hears of its run again. */
  attach(runId: string, listener: Pid): OperatorResult | 'running' | 'unknown' {
    const live = this.#runs.get(runId)
    if (live === undefined) return this.#results.get(runId) ?? 'unknown'
    if (live.listener !== undefined) demonitor(live.listener.ref, { flush: true })
    live.listener = { pid: listener, ref: monitor(listener) }
    this.#timers.cancel(runId, orphanTimer)
    for (const notification of live.run.notifications) {
      this.#tell(live, { type: 'operator_notification', operator: runId, notification })
    }
    return 'running'
  }

  /** Whoever listened is gone; it may be restarted and come back. */
  listenerDown({ ref }: DownMessage): void {
    for (const [runId, live] of this.#runs) {
      if (live.listener?.ref !== ref) continue
      live.listener = undefined
      this.#timers.arm(runId, orphanTimer, orphanMs)
    }
  }

  /** Asks one run, or all of them, for its last word. */
  async conclude(cause: ConcludeCause, runId?: string): Promise<void> {
    const ids = runId === undefined ? [...this.#runs.keys()] : [runId]
    for (const id of ids) await this.hear(id, { type: 'conclude', cause, at: Date.now() })
  }

  /** What each run is doing. */
  runs(): { runId: string; phase: string; iteration: number; state: OperatorHealth }[] {
    return [...this.#runs.values()].map(({ run }) => ({
      runId: run.id,
      phase: run.phase.type,
      iteration: run.spent.iterations,
      state: run.health,
    }))
  }

  async #perform(live: LiveRun, effects: readonly OperatorEffect[]): Promise<void> {
    for (const effect of effects) await this.#do(live, effect)
  }

  async #do(live: LiveRun, effect: OperatorEffect): Promise<void> {
    const { run } = live
    switch (effect.type) {
      case 'ask-model':
        return void this.#hands.askModel(run, effect)
      case 'take-snapshot':
        return void this.#hands.takeSnapshot(run, effect.request)
      case 'execute':
        return void this.#hands.execute(run, effect)
      case 'abort':
        return this.#hands.abort(run.id, effect.request)
      case 'arm-timer':
        return this.#timers.arm(run.id, effect.timer, effect.ms)
      case 'notify': {
        const { notification } = effect
        await appendToJournal(run.runId, { type: 'notification', notification })
        return this.#tell(live, { type: 'operator_notification', operator: run.id, notification })
      }
      case 'answer':
        return this.#answer(effect)
      case 'progress':
        return this.#tell(live, { ...effect, type: 'operator_progress', operator: run.id })
      case 'tell':
        return emit('operator', effect.event, { ...effect.data, ...this.#about(run) })
      case 'end':
        return this.#end(live, effect.result)
      default:
        return unreachable(effect)
    }
  }

  #about(run: OperatorRun): { readonly runId: string; operator: string; skill: string } {
    return { runId: run.runId, operator: run.id, skill: this.#skill }
  }

  #tell(live: LiveRun, message: Told<OperatorMessage>): void {
    if (live.listener !== undefined)
      send(live.listener.pid, { ...message, pid: this.#context.self })
  }

  #answer({ id, outcome }: Extract<OperatorEffect, { type: 'answer' }>): void {
    const from = this.#questions.get(id)
    this.#questions.delete(id)
    if (from !== undefined) this.#context.reply(from, outcome)
  }

  async #end(live: LiveRun, result: OperatorResult): Promise<void> {
    const { run } = live
    this.#timers.forget(run.id)
    this.#runs.delete(run.id)
    this.#results.set(run.id, result)
    for (const id of [...this.#results.keys()].slice(0, -maxResults)) this.#results.delete(id)
    if (run.id === run.runId) {
      await appendToJournal(run.runId, { type: 'operator-run-ended', operator: run.id, result })
    }
    const { skill } = result
    this.#tell(live, { type: 'operator_complete', skill, operator: run.id, result })
    if (live.listener !== undefined) demonitor(live.listener.ref, { flush: true })
    for (const from of live.waiters) this.#context.reply(from, result)
    emit('run', 'ended', { ...operatorEndedFacts(result), ...this.#about(run) })
  }
}
