/**
 * The door: where clients of all threads ask. Nodelens's own threads and main call it as an actor;
 * the application's worker threads talk to it over a BroadcastChannel, which needs no port, no
 * introduction and, above all, not the main thread.
 */
import {
  demonitor,
  isDownMessage,
  monitor,
  type Ref,
  type ServerContext,
  server,
} from '../../runtime/index.ts'
import type { DoorRequest } from '../client/protocol.ts'
import { ChannelDoor } from './channel-door.ts'
import { type DoorArgs, DoorDesk } from './door-desk.ts'
import { names } from './names.ts'
import { replyLater } from './reply-later.ts'
import { readSkills } from './skill-book.ts'

interface State {
  readonly desk: DoorDesk
  readonly channel: ChannelDoor
  /** Callers that wait, by the monitor on each. */
  readonly callers: Map<Ref, AbortController>
}

export const door = server(import.meta, {
  name: names.door,
  // So that `terminate` runs when the supervisor ends it.
  trapExit: true,
  init: async (args: DoorArgs): Promise<State> => {
    const desk = new DoorDesk(args, await readSkills())
    const channel = new ChannelDoor((request, gone) => desk.answer(request, gone))
    return { desk, channel, callers: new Map() }
  },
  calls: {
    /** Answers later, with an `Answer`. */
    ask: async (state: State, request: DoorRequest, context: ServerContext) => {
      replyLater(context, () => whileAlive(state, request, context))
      return { state }
    },
  },
  info: (state: State, message: unknown) => {
    if (isDownMessage(message)) state.callers.get(message.ref)?.abort()
    return { state }
  },
  terminate: ({ channel }: State) => channel.close(),
})

/** Hears of the caller's death while it waits for the result of a run. */
async function whileAlive(
  { desk, callers }: State,
  request: DoorRequest,
  { from }: ServerContext,
): Promise<unknown> {
  if (from === undefined || request.type !== 'coordinator-run') return desk.answer(request)
  const controller = new AbortController()
  const ref = monitor(from.pid)
  callers.set(ref, controller)
  try {
    return await desk.answer(request, controller.signal)
  } finally {
    callers.delete(ref)
    demonitor(ref, { flush: true })
  }
}
