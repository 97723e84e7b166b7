/**
 * Investigations that really ran, as their models were asked: for each conversation the last request,
 * which holds all of its turns. They were recorded with the model `rules` under the incident suite.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isObject } from '../../agents/vocabulary/json.ts'
import type { Action, ModelRequest } from '../../agents/vocabulary/model-request.ts'
import { projectRoot } from '../../test/support/project.ts'

/** One conversation: its last request, and the action that ended it. */
export interface RecordedConversation {
  readonly request: ModelRequest
  readonly last: Action
}

/** One investigation. */
export interface RecordedRun {
  readonly incident: string
  readonly conversations: readonly RecordedConversation[]
}

/** Every run in `bench/tokens/runs`, by name; a line of a file is a conversation. */
export function recordedRuns(): RecordedRun[] {
  const folder = join(projectRoot, 'bench/tokens/runs')
  return readdirSync(folder)
    .filter((file) => file.endsWith('.jsonl'))
    .sort()
    .map((file) => {
      const lines = readFileSync(join(folder, file), 'utf8').trim().split('\n')
      return { incident: basename(file, '.jsonl'), conversations: lines.map(conversationOf) }
    })
}

function conversationOf(line: string): RecordedConversation {
  const one: unknown = JSON.parse(line)
  if (isConversation(one)) return one
  throw new TypeError(`expected a recorded conversation; got ${line.slice(0, 80)}`)
}

function isConversation(value: unknown): value is RecordedConversation {
  return (
    isObject(value) &&
    isObject(value['last']) &&
    isObject(value['request']) &&
    Array.isArray(value['request']['turns'])
  )
}

/** The requests of a conversation, one for each answer, as its model got them. */
export function requestsOf({ request }: RecordedConversation): ModelRequest[] {
  return everyRequest(request).slice(unasked(request))
}

/** The first snapshot of an operator is taken before its model is asked. */
function unasked(request: ModelRequest): number {
  const [first] = request.turns
  const isSnapshot = first?.type === 'action' && first.action.intent === 'take_snapshot'
  return request.agent === 'operator' && isSnapshot ? 1 : 0
}

function everyRequest(request: ModelRequest): ModelRequest[] {
  const ends = request.turns.flatMap((turn, index) => (turn.type === 'action' ? [index] : []))
  return [...ends, request.turns.length].map((end, answered) => cutAt(request, end, answered))
}

/** The answers of a conversation's model, in order. */
export function answersOf({ request, last }: RecordedConversation): Action[] {
  const given = request.turns.flatMap((turn) => (turn.type === 'action' ? [turn.action] : []))
  return [...given, last].slice(unasked(request))
}

function cutAt(request: ModelRequest, end: number, answered: number): ModelRequest {
  const budget = { ...request.budget, iterationsLeft: 25 - answered }
  if (request.agent === 'coordinator') {
    return { ...request, budget, turns: request.turns.slice(0, end) }
  }
  const turns = request.turns.slice(0, end)
  const done = (intent: string): number =>
    turns.filter((turn) => turn.type === 'result' && turn.ok && turn.intent === intent).length
  return {
    ...request,
    budget,
    turns,
    snapshots: request.snapshots.slice(0, done('take_snapshot')),
    notifications: request.notifications.slice(0, done('send_notification')),
  }
}
