import { type Next, type Reply, server } from './definition.ts'
import { isPid, type Pid, type Ref } from './pid.ts'
import { rootTree } from './root.ts'
import { isDownMessage } from './signal.ts'
import { monitor, send } from './signals.ts'
import type { TreeNode } from './tree-event.ts'

interface State {
  readonly followers: ReadonlyMap<Ref, () => void>
}

/** Answers for the tree in other threads; lives in the root thread. */
export const treeServer = server(import.meta, {
  name: 'nodelens.tree',
  init: (): State => ({ followers: new Map() }),
  calls: {
    snapshot: async (state: State): Promise<Reply<State, readonly TreeNode[]>> => ({
      reply: await rootTree().snapshot(),
      state,
    }),
    /** From now on every `TreeEvent` is sent to this actor, until it ends. */
    follow: (state: State, pid: Pid): Reply<State, boolean> => {
      if (!isPid(pid)) return { reply: false, state }
      const stop = rootTree().subscribe((event) => send(pid, event))
      return { reply: true, state: { followers: new Map(state.followers).set(monitor(pid), stop) } }
    },
  },
  info: (state: State, message: unknown): Next<State> => {
    if (!isDownMessage(message)) return { state }
    state.followers.get(message.ref)?.()
    const followers = new Map(state.followers)
    followers.delete(message.ref)
    return { state: { followers } }
  },
  terminate: (state: State): void => {
    for (const stop of state.followers.values()) stop()
  },
})
