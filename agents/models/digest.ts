/** The beginning of a long conversation in short: a line for each turn, and every id to the letter. */
import { isJsonObject, type Json } from '../vocabulary/json.ts'
import type { ModelRequest, RunEvent, ToolResult } from '../vocabulary/model-request.ts'
import type { Message } from './compaction.ts'
import type { DataLimits } from './fence.ts'

/** A turn of either agent. */
export type AnyTurn = ModelRequest['turns'][number]
/** Fits data into small bounds, redacted. */
export type Fit = (value: Json, limits: DataLimits) => Json
/** As {@link Fit}, fenced as text. */
export type Fence = (value: Json, limits?: DataLimits) => string

/** One result in a digest. */
const lineLimits: DataLimits = { textCharacters: 120, entries: 3, characters: 400 }
/** The digest as a whole: the newest lines that fit. */
const lines = 40
const digestLimits: DataLimits = { textCharacters: 500, entries: lines + 1, characters: 8_000 }

/**
 * Tells turns in short. What ids it names is exact whatever is cut, so that snapshots and
 * notifications can still be read with the tools and be named as evidence.
 */
export function digestMessage(
  turns: readonly AnyTurn[],
  ids: readonly string[],
  { fit, fence }: { readonly fit: Fit; readonly fence: Fence },
): Message {
  const told = turns.map((turn) => lineOf(turn, fit)).filter((line) => line !== '')
  const newest = told.slice(-lines)
  const left = told.length - newest.length
  const text = [
    `The beginning of this run in short: ${turns.length} entries.`,
    ids.length === 0 ? '' : `Ids that occurred in it: ${ids.join(', ')}.`,
    'What was cut can be read again with the tools.',
    fence(left === 0 ? newest : [`(${left} older ones left out)`, ...newest], digestLimits),
  ]
  return { role: 'user', text: text.filter((line) => line !== '').join('\n') }
}

/** Every known id that stands in these turns, in the order in which it became known. */
export function idsIn(turns: readonly AnyTurn[], request: ModelRequest): string[] {
  const text = JSON.stringify(turns)
  return knownIds(request).filter((id) => text.includes(JSON.stringify(id)))
}

function knownIds(request: ModelRequest): string[] {
  const notifications = request.notifications.map(({ id }) => id)
  return request.agent === 'operator'
    ? [...request.snapshots.map(({ id }) => id), ...notifications]
    : [...notifications, ...request.insights.map(({ id }) => id)]
}

function lineOf(turn: AnyTurn, fit: Fit): string {
  if (turn.type === 'action') return actionLine(JSON.parse(JSON.stringify(turn.action)), fit)
  if (turn.type === 'event') return `event ${eventLine(turn.event, fit)}`
  return resultLine(turn, fit)
}

function actionLine(action: Json, fit: Fit): string {
  if (!isJsonObject(action)) return ''
  const { intent, ...rest } = action
  const given = Object.keys(rest).length === 0 ? '' : ` ${shortJson(rest, fit)}`
  return `${typeof intent === 'string' ? intent : 'action'}${given}`
}

function resultLine(result: ToolResult, fit: Fit): string {
  return result.ok
    ? `→ ${shortJson(result.value, fit)}`
    : `→ ${result.intent} failed: ${shortJson(result.error, fit)}`
}

function eventLine(event: RunEvent, fit: Fit): string {
  const { type, ...rest } = event
  return `${type} ${shortJson(JSON.parse(JSON.stringify(rest)), fit)}`
}

function shortJson(value: Json, fit: Fit): string {
  const text = JSON.stringify(fit(value, lineLimits))
  const { characters } = lineLimits
  return text.length > characters ? `${text.slice(0, characters)}…` : text
}
