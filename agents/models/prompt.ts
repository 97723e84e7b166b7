/**
 * Renders a request into the text that a language model is sent.
 *
 * The system text and the first message do not change during a run, so a provider's prompt cache
 * holds; what changes every turn (state, budget) comes last. Everything that the monitored program
 * can have written is fenced, redacted and capped.
 */
import type { Json } from '../vocabulary/json.ts'
import type { Action, ModelRequest, RunEvent, ToolResult } from '../vocabulary/model-request.ts'
import type { ToolSchema } from './action-schema.ts'
import { cleaned, cleanText } from './clean-data.ts'
import { compact, type Message } from './compaction.ts'
import { type DataLimits, fence } from './fence.ts'
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
  /** Tokens of the conversation at most; older parts are compacted. */
  readonly maxTokens: number
}

/** Renders a request with the tools that are allowed in it. */
export function renderPrompt(
  request: ModelRequest,
  tools: readonly ToolSchema[],
  options: PromptOptions,
): Prompt {
  const data = (value: Json, limits?: DataLimits) =>
    fence(options.tag, value, {
      secrets: options.secrets,
      ...(limits === undefined ? {} : { limits }),
    })
  const history = request.turns.flatMap((turn): Message[] => {
    if (turn.type === 'action') return [ownMessage(turn.action, options.secrets)]
    if (turn.type === 'result') return [resultMessage(turn, data)]
    return [eventMessage(turn.event, data)]
  })
  const all: Message[] = [taskMessage(request, data), ...history, questionMessage(request, data)]
  return {
    system: systemText(request, tools, options),
    messages: alternate(compact(all, { maxTokens: options.maxTokens })),
  }
}

/** What the agent has said; `rules` may have said it, who sees more than a provider may. */
function ownMessage(action: Action, secrets: readonly string[]): Message {
  return { role: 'assistant', text: JSON.stringify(cleaned(action, secrets)) }
}

type Fence = (value: Json, limits?: DataLimits) => string

function taskMessage(request: ModelRequest, data: Fence): Message {
  const reason = request.reason ?? 'A routine look: nobody complained.'
  return {
    role: 'user',
    text: `The run was started for this reason, with this context:\n${data({ reason, context: request.context })}`,
  }
}

/** Old results shrink to this many characters each. */
const shortLimits: DataLimits = { textCharacters: 80, entries: 3, characters: 300 }

function resultMessage(result: ToolResult, data: Fence): Message {
  if (result.ok)
    return {
      role: 'user',
      text: `Result of ${result.intent}:\n${data(result.value)}`,
      short: `Result of ${result.intent}, shortened:\n${data(result.value, shortLimits)}`,
    }
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
      return say(`Message from ${event.from}:\n${data(event.text)}`)
    case 'signal':
      return say(`The process signalled:\n${data(event.signal)}`)
    case 'invalid_action':
      return say(`Your last action was not carried out:\n${data([...event.issues])}`)
    case 'conclude':
      return say(`The run ends now (${event.reason}): conclude with what is known and choose done.`)
  }
}

function questionMessage(request: ModelRequest, data: Fence): Message {
  const { iterationsLeft, msLeft } = request.budget
  const lines = [
    ...(request.agent === 'operator' ? operatorFacts(request) : coordinatorFacts(request, data)),
    `Left: ${iterationsLeft} turns, ${Math.max(0, Math.round(msLeft / 1000))} seconds.`,
    iterationsLeft <= 3 || msLeft < 10_000 ? 'That is little: conclude with what is known.' : '',
    'What is your next action? Answer with exactly one JSON object of one of the shapes above.',
  ]
  return { role: 'user', text: lines.filter((line) => line !== '').join('\n') }
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
