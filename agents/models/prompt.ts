/**
 * Renders a request into the text that a language model is sent.
 *
 * The system text and the first message do not change during a run, so a provider's prompt cache
 * holds; what changes every turn (state, budget) comes last. Everything that the monitored program
 * can have written is fenced, redacted and capped.
 */
import type { Json } from '../vocabulary/json.ts'
import type { Action, ModelRequest, RunEvent, ToolResult } from '../vocabulary/model-request.ts'
import { allToolSchemas, type ToolSchema } from './action-schema.ts'
import { cleaned, cleanText } from './clean-data.ts'
import type { Message, PromptSizes } from './compaction.ts'
import { type AnyTurn, digestMessage, type Fence, idsIn } from './digest.ts'
import { type DataLimits, fence, fitData } from './fence.ts'
import { cut } from './redact.ts'
import { systemText } from './system-text.ts'

/** A prompt, ready for any provider. */
export interface Prompt {
  readonly system: string
  /** Roles alternate, the first and the last are the user's. */
  readonly messages: readonly Message[]
}

export interface PromptOptions {
  /** Tag of the fence, see `fenceTag`. */
  readonly tag: string
  /** Literal secrets that must not leave the process. */
  readonly secrets: readonly string[]
  /** Turns at the beginning that are told in short. Default 0. */
  readonly compacted?: number
}

/** Renders a request. `tools` are those that are allowed in this turn; the system text shows all. */
export function renderPrompt(
  request: ModelRequest,
  tools: readonly ToolSchema[],
  options: PromptOptions,
): Prompt {
  const { compacted = 0 } = options
  const data = fenceOf(options)
  const whole = request.turns.slice(compacted).map((turn) => turnMessage(turn, options))
  const digest = compacted === 0 ? [] : [digestOf(request, compacted, options)]
  const messages = [
    taskMessage(request, data),
    ...digest,
    ...whole,
    questionMessage(request, tools, data),
  ]
  return { system: systemOf(request, options), messages: alternate(messages) }
}

/** How large each part of a prompt is, for the compaction. */
export function promptParts(
  request: ModelRequest,
  tools: readonly ToolSchema[],
  options: PromptOptions,
): PromptSizes {
  const data = fenceOf(options)
  const fixed = [taskMessage(request, data), questionMessage(request, tools, data)]
  return {
    fixed: fixed.reduce((sum, { text }) => sum + text.length, systemOf(request, options).length),
    turns: request.turns.map((turn) => turnMessage(turn, options).text.length),
    digestOf: (count) => digestOf(request, count, options).text.length,
    mayPartAt: (count) => request.turns[count]?.type !== 'result',
  }
}

function systemOf(request: ModelRequest, options: PromptOptions): string {
  return systemText(request, allToolSchemas(request), options)
}

function digestOf(request: ModelRequest, count: number, options: PromptOptions): Message {
  const turns: readonly AnyTurn[] = request.turns.slice(0, count)
  return digestMessage(turns, idsIn(turns, request), {
    fit: (value, limits) => fitData(value, limits, options.secrets),
    fence: fenceOf(options),
  })
}

function fenceOf({ tag, secrets }: PromptOptions): Fence {
  return (value: Json, limits?: DataLimits) =>
    fence(tag, value, { secrets, ...(limits === undefined ? {} : { limits }) })
}

function turnMessage(turn: AnyTurn, options: PromptOptions): Message {
  if (turn.type === 'action') return ownMessage(turn.action, options.secrets)
  const data = fenceOf(options)
  return turn.type === 'result' ? resultMessage(turn, data) : eventMessage(turn.event, data)
}

/** What the agent has said; `rules` may have said it, who sees more than a provider may. */
function ownMessage(action: Action, secrets: readonly string[]): Message {
  return { role: 'assistant', text: JSON.stringify(cleaned(action, secrets)) }
}

function taskMessage(request: ModelRequest, data: Fence): Message {
  const reason = request.reason ?? 'A routine look: nobody complained.'
  const watch = request.agent === 'operator' ? request.watch : undefined
  if (watch !== undefined) {
    const { opened, ...before } = watch
    const frame: Json = JSON.parse(JSON.stringify({ ...before, askedBecause: opened }))
    return { role: 'user', text: `You watch, and this is what you know:\n${data(frame)}` }
  }
  return {
    role: 'user',
    text: `The run was started for this reason, with this context:\n${data({ reason, context: request.context })}`,
  }
}

function resultMessage(result: ToolResult, data: Fence): Message {
  if (result.ok) return { role: 'user', text: `Result of ${result.intent}:\n${data(result.value)}` }
  return {
    role: 'user',
    text: `${result.intent} failed:\n${data({ error: result.error, ...(result.code === undefined ? {} : { code: result.code }) })}`,
  }
}

function eventMessage(event: RunEvent, data: Fence): Message {
  const say = (text: string): Message => ({ role: 'user', text })
  switch (event.type) {
    case 'operator_notification':
      return say(`Operator ${event.skill} sent notification ${event.notificationId}.`)
    case 'operator_complete':
      return say(
        `Operator ${event.skill} ended (${event.ending.type}):\n${data({ ...event.ending, notificationIds: event.notificationIds })}`,
      )
    case 'message':
      return say(
        `Message from ${event.from}; it is answered beside this conversation:\n${data(event.text)}`,
      )
    case 'guidance':
      return say(event.text)
    case 'signal':
      return say(`The process signalled:\n${data(event.signal)}`)
    case 'invalid_action':
      return say(`Your last action was not carried out:\n${data([...event.issues])}`)
    case 'conclude':
      return say(`The run ends now (${event.reason}): conclude with what is known and choose done.`)
  }
}

function questionMessage(
  request: ModelRequest,
  tools: readonly ToolSchema[],
  data: Fence,
): Message {
  const { iterationsLeft, msLeft } = request.budget
  const lines = [
    ...(request.agent === 'operator' ? operatorFacts(request) : coordinatorFacts(request, data)),
    `Left: ${iterationsLeft} turns, ${Math.max(0, Math.round(msLeft / 1000))} seconds.`,
    iterationsLeft <= 3 || msLeft < 10_000 ? 'That is little: conclude with what is known.' : '',
    request.agent === 'operator' && request.question !== undefined
      ? `${request.question.from} asks you, beside your run:\n${data(request.question.text)}\nAnswer this question and nothing else, from what you have seen; what you do not know belongs into concerns.`
      : 'What is your next action?',
    allowedLine(request, tools),
    'Answer with exactly one JSON object of one of the shapes above.',
  ]
  return { role: 'user', text: lines.filter((line) => line !== '').join('\n') }
}

/** The system text shows every tool, so that it is the same in every turn. */
function allowedLine(request: ModelRequest, tools: readonly ToolSchema[]): string {
  const isUsual = tools.length >= allToolSchemas(request).length - usualGap(request)
  return isUsual ? '' : `Now only: ${tools.map(({ intent }) => intent).join(', ')}.`
}

/** `answer` is no action of an ordinary turn. */
function usualGap({ agent }: ModelRequest): number {
  return agent === 'operator' ? 1 : 0
}

function operatorFacts(request: ModelRequest & { agent: 'operator' }): string[] {
  const ids = request.snapshots.map((snapshot) => snapshot.id).slice(-20)
  return [
    `Your state: ${request.state}. Notifications sent: ${request.notifications.length}.`,
    ids.length === 0 ? 'No snapshot taken yet.' : `Snapshots, oldest first: ${ids.join(', ')}.`,
  ]
}

function coordinatorFacts(request: ModelRequest & { agent: 'coordinator' }, data: Fence): string[] {
  const operators = request.operators.map((one) => `${one.skill} ${one.status}`)
  const unread = request.notifications.filter((one) => one.status === 'unread').length
  const insights = request.insights.map((insight) => insight.id)
  const known = request.known.map(({ insightId, summary }) => ({ insightId, summary }))
  return [
    `Operators: ${operators.length === 0 ? 'none started' : operators.join(', ')}.`,
    `Notifications: ${request.notifications.length}, unread: ${unread}.`,
    `Insights produced: ${insights.length === 0 ? 'none' : insights.join(', ')}.`,
    known.length === 0
      ? ''
      : `Other runs have found in the last minutes, and it may explain what you see:\n${data(known)}`,
  ]
}

/** Joins neighbours of the same role: some providers refuse two messages of one role in a row. */
function alternate(messages: readonly Message[]): Message[] {
  const result: Message[] = []
  for (const { role, text } of messages) {
    const last = result.at(-1)
    if (last?.role === role) result[result.length - 1] = { role, text: `${last.text}\n\n${text}` }
    else result.push({ role, text })
  }
  return result
}

/** The messages that replace a failed answer: what it was, what was wrong, and once more. */
export function reaskMessages(
  answer: string,
  issues: readonly string[],
  secrets: readonly string[],
): Message[] {
  const said = cut(cleanText(answer.slice(0, 20_000), secrets), 2_000).trim()
  const shown: Message[] = said === '' ? [] : [{ role: 'assistant', text: said }]
  const told = issues.slice(0, 6).map((issue) => cleanText(issue, secrets).slice(0, 400))
  const text =
    `Your last answer could not be used:\n- ${told.join('\n- ')}\n` +
    'Answer again with exactly one JSON object of one of the shapes above, and nothing else.'
  return [...shown, { role: 'user', text }]
}
