/**
 * The model gateway as an actor in the root thread. A question is dropped when its agent gives it
 * up or dies, so that nothing is paid for an answer that nobody waits for.
 */
import {
  isDownMessage,
  monitor,
  type Pid,
  type ServerContext,
  server,
} from '../../runtime/index.ts'
import { ModelGateway } from '../models/gateway.ts'
import type { GatewayEvent, GatewayOptions } from '../models/gateway-options.ts'
import { emit } from '../telemetry.ts'
import type { ModelOutcome } from '../vocabulary/model-reply.ts'
import type { ModelQuestion } from './model-asker.ts'
import { names } from './names.ts'
import { ownSecrets } from './own-secrets.ts'

/** What the gateway is started with: the options that are plain data. */
export type ModelArgs = Omit<GatewayOptions, 'onEvent' | 'clock' | 'random' | 'loadProvider'>

interface Question {
  readonly asker: Pid
  readonly controller: AbortController
}

interface State {
  readonly gateway: ModelGateway
  readonly open: Map<string, Question>
  readonly watched: Set<string>
}

export const model = server(import.meta, {
  name: names.model,
  // So that `terminate` runs when the supervisor ends it.
  trapExit: true,
  init: (args: ModelArgs): State => ({
    gateway: new ModelGateway({
      ...args,
      secrets: [...(args.secrets ?? []), ...ownSecrets()],
      onEvent: tell,
    }),
    open: new Map(),
    watched: new Set(),
  }),
  calls: {
    ask: (state: State, question: ModelQuestion, context: ServerContext) => {
      const { from } = context
      if (from === undefined) return { state }
      const controller = new AbortController()
      watch(state, from.pid)
      state.open.set(question.key, { asker: from.pid, controller })
      const answered = told(question, state.gateway.model)
      void state.gateway
        .decide(question.body, { signal: controller.signal })
        .then((outcome) => {
          answered(outcome)
          context.reply(from, outcome)
        })
        .finally(() => state.open.delete(question.key))
      return { state }
    },
    status: (state: State, runId: string | undefined) => ({
      reply: state.gateway.status(runId),
      state,
    }),
  },
  casts: {
    abort: (state: State, key: string) => {
      state.open.get(key)?.controller.abort()
      return { state }
    },
  },
  info: (state: State, message: unknown) => {
    if (isDownMessage(message)) {
      state.watched.delete(message.pid)
      for (const { asker, controller } of state.open.values()) {
        if (asker === message.pid) controller.abort()
      }
    }
    return { state }
  },
  terminate: ({ gateway }: State) => gateway.stop(),
})

function watch({ watched }: State, pid: Pid): void {
  if (watched.has(pid)) return
  watched.add(pid)
  monitor(pid)
}

const events = {
  'model-retried': 'retried',
  'model-reasked': 'reasked',
  'model-fell-back': 'fell-back',
  'circuit-opened': 'circuit-opened',
  'circuit-closed': 'circuit-closed',
} as const

/** Questions and answers are told by {@link told}: only here it is known whose they are. */
function tell({ type, ...data }: GatewayEvent): void {
  if (type !== 'model-answered' && type !== 'model-failed') emit('model', events[type], data)
}

/** Tells of a question, and by the function that it returns, what came of it. */
function told({ run, request, body }: ModelQuestion, model: string) {
  const { runId, agent, budget } = body
  const asker = body.agent === 'operator' ? { operator: run, skill: body.skill.id } : {}
  const about = { runId, agent, ...asker, question: `${run} ${request}` }
  const startedAt = performance.now()
  emit('model', 'asked', { ...about, model, ...budget })
  return (outcome: ModelOutcome): void => {
    const durationMs = Math.round(performance.now() - startedAt)
    if (!outcome.ok) {
      return emit('model', 'failed', { ...about, model, durationMs, failure: outcome.failure })
    }
    const { action, fallback, ...reply } = outcome.reply
    const { intent } = action
    emit('model', 'answered', { ...about, ...reply, intent, durationMs, fallback: fallback?.kind })
  }
}
