/**
 * An operator: one skill's investigator, an isolated worker thread. It is started on demand under a
 * dynamic supervisor, ends by itself after it had nothing to do for a while, and is restarted if
 * it crashes; what it had under way then is reported as crashed by its coordinator.
 */
import { isDownMessage, type Pid, type ServerContext, send, server } from '../../runtime/index.ts'
import type { OperatorStart } from '../loop/operator-loop.ts'
import type { ConcludeCause } from '../loop/run-limits.ts'
import { emit } from '../telemetry.ts'
import type { SkillDescription } from '../vocabulary/skill-description.ts'
import { isOperatorEventMessage } from './messages.ts'
import { OperatorDesk } from './operator-desk.ts'

/** What an operator is started with. */
export interface OperatorArgs {
  readonly skill: SkillDescription
  /** Milliseconds without a run after which it ends. */
  readonly idleMs: number
}

/** A run, without the skill, which the operator has. */
export type OperatorRunRequest = Omit<OperatorStart, 'skill'>

/** Milliseconds in which whoever had an operator started comes with its first run; a busy machine needs seconds. */
const firstRunMs = 10_000

interface State {
  readonly args: OperatorArgs
  readonly desk: OperatorDesk
}

export const operator = server(import.meta, {
  name: 'operator',
  init: (args: OperatorArgs, context): State => {
    // The first message arms the idle timeout, which an `init` cannot.
    send(context.self, { type: 'awake' })
    return { args, desk: new OperatorDesk(args.skill.id, context) }
  },
  calls: {
    /** Answers when the run is under way; its end is told to the listener. */
    start: async (state: State, request: { run: OperatorRunRequest; listener: Pid }) => {
      const refused = state.desk.refusal(request.run.id)
      if (refused !== undefined) return { state, fail: refused }
      await state.desk.start(whole(state, request.run), { listener: request.listener })
      return resting(state, true as const)
    },
    /** Answers with the result. */
    run: async (state: State, run: OperatorRunRequest, context: ServerContext) => {
      const refused = state.desk.refusal(run.id)
      if (refused !== undefined) return { state, fail: refused }
      const { from } = context
      await state.desk.start(whole(state, run), from === undefined ? {} : { waiter: from })
      return idle(state)
    },
    attach: async (state: State, { run, listener }: { run: string; listener: Pid }) =>
      resting(state, state.desk.attach(run, listener)),
    status: (state: State) => resting(state, state.desk.runs()),
    /** Answers with `{ ok: true, answer }` or `{ ok: false, error, why }`. */
    message: async (
      state: State,
      { from, text }: { from: string; text: string },
      context: ServerContext,
    ) => {
      const waiter = context.from
      if (waiter !== undefined && (await state.desk.ask(from, text, waiter))) return idle(state)
      const { id } = state.args.skill
      const error = `operator "${id}" has no run under way`
      return resting(state, { ok: false as const, error, why: 'not_running' as const })
    },
  },
  casts: {
    conclude: async (state: State, { run, cause }: { run?: string; cause: ConcludeCause }) => {
      await state.desk.conclude(cause, run)
      return idle(state)
    },
    stop: async (state: State, { run, reason }: { run: string; reason: string }) => {
      await state.desk.hear(run, { type: 'stop', reason, at: Date.now() })
      return idle(state)
    },
  },
  info: async (state: State, message: unknown) => {
    if (isDownMessage(message)) state.desk.listenerDown(message)
    else if (isOperatorEventMessage(message)) await state.desk.hear(message.runId, message.event)
    else if (isTimeout(message) && state.desk.isIdle) {
      emit('operator', 'idle-stopped', { skill: state.args.skill.id })
      return { state, stop: { type: 'normal' } as const }
    }
    return idle(state)
  },
})

function whole({ args }: State, run: OperatorRunRequest): OperatorStart {
  return { ...run, skill: args.skill, looksFirst: true }
}

/** Without a run the operator ends after a while; the runtime sends the timeout. */
function idle(state: State) {
  const { args, desk } = state
  if (!desk.isIdle) return { state }
  const timeoutMs = desk.hasWorked ? args.idleMs : Math.max(args.idleMs, firstRunMs)
  return { state, timeoutMs }
}

function resting<Value>(state: State, reply: Value) {
  return { ...idle(state), reply }
}

function isTimeout(message: unknown): boolean {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    message.type === 'timeout'
  )
}
