/**
 * Builds the house in the root thread. Main knows only this module, which loads the rest where it
 * is needed: so main stays small, and the house comes up even if main is stuck meanwhile.
 */
import {
  type CallFrom,
  type ServerContext,
  Supervisor,
  send,
  server,
  toWireError,
} from '../../runtime/index.ts'
import type { Errand } from '../errand.ts'
import type { LensPlan } from '../lens-plan.ts'
import { isObject } from '../vocabulary/json.ts'
import type { Answer } from './reply-later.ts'
import { runErrand } from './run-errand.ts'

interface State {
  readonly plan: LensPlan
  readonly built: Answer<true> | undefined
  readonly waiters: readonly CallFrom[]
}

export const builder = server(import.meta, {
  name: 'nodelens.builder',
  init: (plan: LensPlan, context: ServerContext): State => {
    // Not here: the root supervisor, which is to get the house as its child, waits for this init.
    send(context.self, { type: 'build' })
    return { plan, built: undefined, waiters: [] }
  },
  calls: {
    /** Answers when the house stands, or why it does not. */
    ready: (state: State, _payload: undefined, { from }: ServerContext) => {
      if (state.built !== undefined) return { reply: state.built, state }
      return { state: from === undefined ? state : { ...state, waiters: [...state.waiters, from] } }
    },
  },
  casts: {
    errand: async (state: State, errand: Errand) => {
      void runErrand(errand)
      return { state }
    },
  },
  // Async, so that `build` acts as this actor after its awaits too.
  info: async (state: State, message: unknown, context: ServerContext) => {
    if (!isObject(message)) return { state }
    if (message['type'] === 'build') {
      context.later(build(state.plan), (outcome) => ({ type: 'built', outcome }))
      return { state }
    }
    const built = builtOf(message)
    if (built === undefined) return { state }
    for (const from of state.waiters) context.reply(from, built)
    if (built.ok && state.plan.errand !== undefined) void runErrand(state.plan.errand)
    return { state: { ...state, built, waiters: [] } }
  },
})

async function build(plan: LensPlan): Promise<Answer<true>> {
  try {
    const { lensTree } = await import('./lens-tree.ts')
    await Supervisor.ref('root').call('startChild', lensTree(plan), { timeoutMs: 60_000 })
    return { ok: true, value: true }
  } catch (error) {
    return { ok: false, error: toWireError(error) }
  }
}

/** What `later` put into the own mailbox; `build` never rejects. */
function builtOf(message: { readonly [key: string]: unknown }): Answer<true> | undefined {
  const { outcome } = message
  if (message['type'] !== 'built' || !isObject(outcome)) return undefined
  return isAnswer(outcome['value']) ? outcome['value'] : undefined
}

function isAnswer(value: unknown): value is Answer<true> {
  return isObject(value) && typeof value['ok'] === 'boolean'
}
