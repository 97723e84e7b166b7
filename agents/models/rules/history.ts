/** Reads a run's history: which action had which result. */
import { isJsonObject, type Json, type JsonObject } from '../../vocabulary/json.ts'
import type { RunEvent, ToolResult, Turn } from '../../vocabulary/model-request.ts'

/** An action with its result; undefined while it is under way. */
export interface Step<TAction> {
  readonly action: TAction
  readonly result: ToolResult | undefined
}

/** Pairs actions with their results, oldest first. Events in between do not part them. */
export function stepsOf<TAction>(turns: readonly Turn<TAction>[]): Step<TAction>[] {
  const steps: Step<TAction>[] = []
  for (const turn of turns) {
    if (turn.type === 'action') steps.push({ action: turn.action, result: undefined })
    const last = steps.at(-1)
    if (turn.type === 'result' && last !== undefined && last.result === undefined)
      steps[steps.length - 1] = { action: last.action, result: turn }
  }
  return steps
}

/** The events of a history, oldest first. */
export function eventsOf<TAction>(turns: readonly Turn<TAction>[]): RunEvent[] {
  return turns.flatMap((turn) => (turn.type === 'event' ? [turn.event] : []))
}

/** What set a run off by itself; undefined: somebody asked for it. */
export function signalOf<TAction>(turns: readonly Turn<TAction>[]): JsonObject | undefined {
  const [first] = eventsOf(turns).filter((event) => event.type === 'signal')
  return first?.signal
}

/** Rows of a script's result: `{ value, logs? }` or the value itself; one table counts as one row. */
export function rowsOf(result: Json): Json[] {
  const value = isEnvelope(result) ? (result['value'] ?? null) : result
  if (Array.isArray(value)) return value.filter(isJsonObject)
  return isJsonObject(value) && Object.keys(value).length > 0 ? [value] : []
}

function isEnvelope(result: Json): result is { readonly [key: string]: Json } {
  return (
    isJsonObject(result) &&
    Object.hasOwn(result, 'value') &&
    Object.keys(result).every((key) => ['ok', 'value', 'logs', 'stats'].includes(key))
  )
}
