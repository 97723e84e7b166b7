/**
 * The Lua sandbox as an actor in the root thread. A script may call the callbacks of its operator's
 * skill and of `base`; what changes the application (`act`) is refused, as nobody approved it.
 */
import {
  call,
  isDownMessage,
  monitor,
  type Pid,
  type ServerContext,
  server,
} from '../../runtime/index.ts'
import { createSandbox, type Sandbox } from '../../sandbox/index.ts'
import { isJson } from '../vocabulary/notification.ts'
import type { CallbackDescription, SkillDescription } from '../vocabulary/skill-description.ts'
import { names } from './names.ts'
import { unwrapAnswer } from './reply-later.ts'
import { readSkills } from './skill-book.ts'
import type { ScriptRequest } from './tool-clients.ts'

/** Longest time for one callback, milliseconds. */
const callbackMs = 35_000

interface Script {
  readonly owner: Pid
  readonly controller: AbortController
}

interface State {
  readonly sandbox: Sandbox
  readonly skills: readonly SkillDescription[]
  readonly open: Map<string, Script>
  readonly watched: Set<string>
}

export const sandbox = server(import.meta, {
  name: names.sandbox,
  // So that `terminate` runs when the supervisor ends it.
  trapExit: true,
  init: async (): Promise<State> => ({
    sandbox: await createSandbox({ limits: { callbackMs } }),
    skills: await readSkills(),
    open: new Map(),
    watched: new Set(),
  }),
  calls: {
    /** Answers later, with the sandbox's outcome. */
    execute: async (state: State, request: ScriptRequest, context: ServerContext) => {
      const { from } = context
      if (from === undefined) return { state }
      const controller = new AbortController()
      watch(state, from.pid)
      state.open.set(request.key, { owner: from.pid, controller })
      void run(state, request, controller.signal)
        .then((outcome) => context.reply(from, outcome))
        .finally(() => state.open.delete(request.key))
      return { state }
    },
    stats: (state: State) => ({ reply: state.sandbox.stats(), state }),
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
      for (const { owner, controller } of state.open.values()) {
        if (owner === message.pid) controller.abort()
      }
    }
    return { state }
  },
  terminate: (state: State): Promise<void> => state.sandbox.stop(),
})

function watch({ watched }: State, pid: Pid): void {
  if (watched.has(pid)) return
  watched.add(pid)
  monitor(pid)
}

async function run(state: State, request: ScriptRequest, signal: AbortSignal): Promise<unknown> {
  const { skill, code, timeoutMs } = request
  const callbacks = state.skills.find(({ id }) => id === skill)?.callbacks ?? []
  try {
    const outcome = await state.sandbox.run(code, {
      callbacks: Object.fromEntries(callbacks.map((one) => [one.name, callbackOf(one)])),
      limits: { wallMs: Math.max(1, timeoutMs) },
      signal,
    })
    return outcome
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { ok: false, code: 'runtime', message, logs: [] }
  }
}

/** Lua calls with one table; none means an empty one. */
function callbackOf({ name, effect }: CallbackDescription): (input?: unknown) => Promise<unknown> {
  return async (input = {}) => {
    if (effect === 'act') throw new Error(`${name} changes the application and is not approved`)
    const given = Array.isArray(input) && input.length === 0 ? {} : input
    if (!isJson(given)) throw new TypeError(`${name}: expected a table of plain data`)
    const request = { name, input: given, timeoutMs: callbackMs }
    const options = { timeoutMs: callbackMs + 1_000 }
    return unwrapAnswer(await call(names.probe, 'call', request, options))
  }
}
