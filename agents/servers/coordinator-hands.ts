/**
 * What a coordinator's kernel wants done by others: the model and the operators. Nothing here
 * waits in a handler; every outcome comes back as an event.
 */
import {
  call,
  cast,
  type DownMessage,
  demonitor,
  describeReason,
  exit,
  monitor,
  type Pid,
  type Ref,
  whereis,
} from '../../runtime/index.ts'
import type { CoordinatorEffect } from '../loop/coordinator-effect.ts'
import type { CoordinatorEvent, CoordinatorRun } from '../loop/coordinator-run.ts'
import { emit } from '../telemetry.ts'
import { isObject } from '../vocabulary/json.ts'
import { priorityRank } from '../vocabulary/run-priority.ts'
import { isOperatorResult } from './messages.ts'
import { ModelAsker } from './model-asker.ts'
import { operatorName } from './names.ts'
import type { OperatorRunRequest } from './operator.ts'
import { isQuiet, type OperatorSupply, withOperator } from './operator-supply.ts'
import { StrategyHands } from './strategy-hands.ts'
import { WorkSlots } from './work-slots.ts'

/** Milliseconds for an operator to answer that it has begun. */
const beginMs = 10_000
/** Milliseconds for an operator to answer a message; its model has to be asked for that. */
const messageMs = 60_000

/** Operators that work for this coordinator at a time, over all its runs; the others wait. */
export const maxAtWork = 6
/** As many more for urgent runs alone: these do not wait behind a nightly look. */
const reservedForHigh = 2

/** An operator answers at any time; one that does not for so long is killed, milliseconds. */
const stuckMs = 5_000

/** Puts an event into the coordinator's own mailbox. */
export type PostEvent = (runId: string, event: CoordinatorEvent) => void

type EffectOf<Type extends CoordinatorEffect['type']> = Extract<CoordinatorEffect, { type: Type }>

interface Watched {
  readonly runId: string
  readonly operator: string
  readonly pid: Pid
}

export class CoordinatorHands {
  readonly #self: Pid
  readonly #node: string
  readonly #asker: ModelAsker
  readonly #supply: (skill: string) => OperatorSupply | undefined
  readonly #post: PostEvent
  readonly #watched = new Map<Ref, Watched>()
  /** Operators that have not said yet that they begin. */
  readonly #beginning = new Set<string>()
  readonly #slots = new WorkSlots(maxAtWork, reservedForHigh)
  readonly #strategies = new StrategyHands()

  constructor(
    self: Pid,
    node: string,
    supply: (skill: string) => OperatorSupply | undefined,
    post: PostEvent,
  ) {
    this.#self = self
    this.#node = node
    this.#asker = new ModelAsker(self)
    this.#supply = supply
    this.#post = post
  }

  async askModel(run: CoordinatorRun, { request, body }: EffectOf<'ask-model'>): Promise<void> {
    const question = { run: run.id, request }
    const outcome = await this.#asker.ask(question, body, run.limits.deadlineAt)
    const at = Date.now()
    if (outcome.ok) {
      this.#post(run.id, { type: 'model-replied', request, reply: outcome.reply, at })
    } else {
      this.#post(run.id, { type: 'model-failed', request, failure: outcome.failure, at })
    }
  }

  async askStrategy(
    runId: string,
    { request, module, view }: EffectOf<'ask-strategy'>,
  ): Promise<void> {
    try {
      const decision = await this.#strategies.decide(runId, module, view)
      this.#post(runId, { type: 'strategy-decided', request, decision, at: Date.now() })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#post(runId, { type: 'strategy-failed', request, reason, at: Date.now() })
    }
  }

  /** Whatever the hands did for a run is over. */
  endRun(runId: string): void {
    this.unwatch(runId)
    void this.#strategies.end(runId)
  }

  abort(runId: string, request: string): void {
    this.#asker.abort(`${runId} ${request}`)
  }

  /** Starts it when its turn has come; one that is given up before is told as such. */
  async startOperator(run: CoordinatorRun, effect: EffectOf<'start-operator'>): Promise<void> {
    const { operator, skill } = effect
    const rank = priorityRank(run.priority)
    if (this.#slots.isFullFor(rank)) {
      emit('coordinator', 'operator-queued', { runId: run.id, operator, skill, maxAtWork })
    }
    if (await this.#slots.take(operator, rank)) return this.#start(run, effect)
    const reason = 'the run ended before its turn had come'
    this.#post(run.id, {
      type: 'operator-refused',
      operator,
      reason,
      isGivenUp: true,
      at: Date.now(),
    })
  }

  /** Watches the operator before it begins, so that no death of it can be missed. */
  async #start(run: CoordinatorRun, effect: EffectOf<'start-operator'>): Promise<void> {
    const { operator, skill, reason, context, limits } = effect
    const supply = this.#supply(skill)
    const start: OperatorRunRequest = {
      id: operator,
      runId: run.id,
      node: this.#node,
      context,
      limits,
      ...(reason === undefined ? {} : { reason }),
    }
    this.#beginning.add(operator)
    try {
      if (supply === undefined) throw new RangeError(`there is no skill "${skill}"`)
      const pid = await withOperator(supply, async (candidate) => {
        this.#watch({ runId: run.id, operator, pid: candidate })
        const request = { run: start, listener: this.#self }
        await call(candidate, 'start', request, { timeoutMs: beginMs })
        return candidate
      })
      this.#post(run.id, { type: 'operator-started', operator, pid, at: Date.now() })
    } catch (error) {
      this.#slots.release(operator)
      const told = error instanceof Error ? error.message : String(error)
      this.#post(run.id, { type: 'operator-refused', operator, reason: told, at: Date.now() })
    } finally {
      this.#beginning.delete(operator)
    }
  }

  /** After a crash of the coordinator: an operator that nobody finds any more has crashed too. */
  async attachOperator(
    runId: string,
    { operator, pid }: EffectOf<'attach-operator'>,
  ): Promise<void> {
    const lost = (reason: string): void =>
      this.#post(runId, { type: 'operator-down', operator, reason, at: Date.now() })
    const skill = operator.split('.')[1] ?? ''
    const found = whereis(operatorName(skill))
    if (found === undefined || (pid !== '' && found !== pid)) {
      return lost('it ended while its coordinator was being restarted')
    }
    this.#watch({ runId, operator, pid: found })
    try {
      const request = { run: operator, listener: this.#self }
      const known = await call(found, 'attach', request, { timeoutMs: beginMs })
      if (isOperatorResult(known)) {
        this.#post(runId, { type: 'operator-completed', operator, result: known, at: Date.now() })
      } else if (known === 'unknown') lost('it had not begun when its coordinator crashed')
    } catch (error) {
      lost(error instanceof Error ? error.message : String(error))
    }
  }

  concludeOperator(runId: string, { operator, cause }: EffectOf<'conclude-operator'>): void {
    const watched = this.#find(runId, operator)
    if (watched === undefined) this.#slots.release(operator)
    else cast(watched.pid, 'conclude', { run: operator, cause })
  }

  /** An operator that is told to stop and does not even say how it is has a thread that is stuck. */
  async stopOperator(
    runId: string,
    { operator, reason }: EffectOf<'stop-operator'>,
  ): Promise<void> {
    const pid = this.#find(runId, operator)?.pid
    if (pid === undefined) return this.#slots.release(operator)
    cast(pid, 'stop', { run: operator, reason })
    try {
      await call(pid, 'status', undefined, { timeoutMs: stuckMs })
    } catch (error) {
      const isStuck = error instanceof Error && 'code' in error && error.code === 'ERR_CALL_TIMEOUT'
      if (isStuck) exit(pid, { type: 'kill' })
    }
  }

  async messageOperator(runId: string, effect: EffectOf<'message-operator'>): Promise<void> {
    const { operator, skill, text } = effect
    const outcome = await this.#ask(this.#find(runId, operator)?.pid, text)
    this.#post(runId, { type: 'operator-answered', skill, outcome, at: Date.now() })
  }

  /** Tells every run of that operator. */
  operatorDown({ ref, reason }: DownMessage): void {
    const watched = this.#watched.get(ref)
    this.#watched.delete(ref)
    if (watched === undefined) return
    const { runId, operator } = watched
    // It was idle just when it was to begin: another is started in its place.
    if (this.#beginning.has(operator) && isQuiet(reason)) return
    this.#slots.release(operator)
    const told = describeReason(reason)
    this.#post(runId, { type: 'operator-down', operator, reason: told, at: Date.now() })
  }

  /** The operator's part in the run is over; its later death is none of the run's business. */
  unwatch(runId: string, operator?: string): void {
    this.#forget(runId, operator)
    if (operator === undefined) this.#slots.releaseAll(`${runId}.`)
    else this.#slots.release(operator)
  }

  #forget(runId: string, operator?: string): void {
    for (const [ref, watched] of this.#watched) {
      if (watched.runId !== runId || (operator ?? watched.operator) !== watched.operator) continue
      this.#watched.delete(ref)
      demonitor(ref, { flush: true })
    }
  }

  async #ask(pid: Pid | undefined, text: string): Promise<AnswerOutcome> {
    if (pid === undefined) return { ok: false, error: 'the operator is not running' }
    try {
      const asked = { from: 'coordinator', text }
      const outcome = await call(pid, 'message', asked, { timeoutMs: messageMs })
      return isAnswerOutcome(outcome) ? outcome : { ok: false, error: 'it gave no answer' }
    } catch (error) {
      return { ok: false, error: error instanceof Error ? error.message : String(error) }
    }
  }

  #watch(watched: Watched): void {
    this.#forget(watched.runId, watched.operator)
    this.#watched.set(monitor(watched.pid), watched)
  }

  #find(runId: string, operator: string): Watched | undefined {
    return [...this.#watched.values()].find(
      (one) => one.runId === runId && one.operator === operator,
    )
  }
}

type AnswerOutcome = Extract<CoordinatorEvent, { type: 'operator-answered' }>['outcome']

function isAnswerOutcome(value: unknown): value is AnswerOutcome {
  if (!isObject(value)) return false
  return value['ok'] === true ? isObject(value['answer']) : typeof value['error'] === 'string'
}
