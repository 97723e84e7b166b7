/**
 * The door: where clients of all threads ask. Nodelens's own threads and main call it as an actor;
 * the application's worker threads talk to it over a BroadcastChannel, which needs no port, no
 * introduction and, above all, not the main thread.
 */
import { type ServerContext, server } from '../../runtime/index.ts'
import type { DoorRequest } from '../client/protocol.ts'
import { ChannelDoor } from './channel-door.ts'
import { type DoorArgs, DoorDesk } from './door-desk.ts'
import { names } from './names.ts'
import { replyLater } from './reply-later.ts'
import { readSkills } from './skill-book.ts'

interface State {
  readonly desk: DoorDesk
  readonly channel: ChannelDoor
}

export const door = server(import.meta, {
  name: names.door,
  // So that `terminate` runs when the supervisor ends it.
  trapExit: true,
  init: async (args: DoorArgs): Promise<State> => {
    const desk = new DoorDesk(args, await readSkills())
    return { desk, channel: new ChannelDoor((request) => desk.answer(request)) }
  },
  calls: {
    /** Answers later, with an `Answer`. */
    ask: async (state: State, request: DoorRequest, context: ServerContext) => {
      replyLater(context, () => state.desk.answer(request))
      return { state }
    },
  },
  terminate: ({ channel }: State) => channel.close(),
})
