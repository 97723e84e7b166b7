/**
 * The triggers as an actor in the root thread: what the probe gateway notices by itself starts an
 * investigation, once for each culprit in a while and a bounded number in an hour.
 */
import { server } from '../../runtime/index.ts'
import type { GatewaySignal } from '../../skills/index.ts'
import type { CoordinatorStart } from '../loop/coordinator-start.ts'
import { defaultMaxIterations, graceFor } from '../loop/run-limits.ts'
import { emit } from '../telemetry.ts'
import { decide, type Signal, type TriggerHistory, type TriggerOptions } from '../trigger-rules.ts'
import type { Location } from '../vocabulary/fields.ts'
import { isObject, type Json, type JsonObject } from '../vocabulary/json.ts'
import { type SkillSummary, summarize } from '../vocabulary/skill-description.ts'
import { startRun } from './coordinator-client.ts'
import { names } from './names.ts'
import { newRunId } from './run-id.ts'
import { readSkills } from './skill-book.ts'

interface State {
  readonly options: TriggerOptions
  readonly skills: readonly SkillSummary[]
  readonly history: TriggerHistory
}

export const triggers = server(import.meta, {
  name: names.triggers,
  init: async (options: TriggerOptions): Promise<State> => {
    return { options, skills: summarize(await readSkills()), history: { fired: [] } }
  },
  calls: {
    history: (state: State) => ({ reply: state.history, state }),
  },
  info: async (state: State, message: unknown) => {
    const signal = signalOf(message)
    if (signal === undefined) return { state }
    const [history, decision] = decide(state.history, signal.known, state.options, Date.now())
    if (decision.type === 'suppressed') {
      emit('trigger', 'suppressed', { key: decision.key, why: decision.why })
      return { state: { ...state, history } }
    }
    // What could not be started does not hold the next one back.
    const isStarted = await investigate(state, decision, signal.whole)
    return { state: isStarted ? { ...state, history } : state }
  },
})

async function investigate(
  { options, skills }: State,
  { key, reason }: { readonly key: string; readonly reason: string },
  signal: JsonObject,
): Promise<boolean> {
  const { deadlineMs } = options
  const start: CoordinatorStart = {
    id: newRunId(),
    reason,
    context: {},
    signal,
    skills,
    limits: {
      maxIterations: defaultMaxIterations,
      deadlineAt: Date.now() + deadlineMs,
      graceMs: graceFor(deadlineMs),
    },
    followUps: 0,
    // What stands still or dies now is not to wait behind a routine look.
    priority: signal['type'] === 'symptom' ? 'normal' : 'high',
  }
  try {
    await startRun(start)
    emit('trigger', 'fired', { runId: start.id, key, reason })
    return true
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    emit('trigger', 'failed', { key, message })
    return false
  }
}

/** The part of a signal on which is decided, and the whole of it for the model. */
function signalOf(
  message: unknown,
): { readonly known: Signal; readonly whole: JsonObject } | undefined {
  if (!isSignalMessage(message)) return undefined
  const { signal } = message
  const whole: JsonObject = JSON.parse(JSON.stringify(signal))
  if (signal.type === 'heap' || signal.type === 'symptom') return { known: signal, whole }
  if (signal.type !== 'stall') return undefined
  const { id, startedAt, durationMs } = signal
  const culprit = locationOf(whole['culprit'])
  const isHeap = isObject(whole['culprit']) && whole['culprit']['kind'] === 'heap'
  const known = { type: 'stall', id, startedAt, durationMs, isHeap } as const
  return { known: culprit === undefined ? known : { ...known, culprit }, whole }
}

/** The row of `vm_events_stalls` has the place under `culprit`. */
function locationOf(row: Json | undefined): Location | undefined {
  const place: unknown = isObject(row) ? row['culprit'] : undefined
  if (!isObject(place)) return undefined
  const { file, line, function: name } = place
  if (typeof file !== 'string' || typeof line !== 'number' || typeof name !== 'string') {
    return undefined
  }
  return { file, line, function: name }
}

/** Only the probe gateway sends such messages. */
function isSignalMessage(message: unknown): message is { readonly signal: GatewaySignal } {
  return isObject(message) && message['type'] === 'signal' && isObject(message['signal'])
}
