/** The observer as an actor of the root thread; found by its address, so only that loads it. */

import { server } from '../definition.ts'
import type { ObserverChildOptions } from '../observer-child.ts'
import { rootTree } from '../root.ts'
import { type Observer, startObserver } from './start-observer.ts'

export const observerServer = server(import.meta, {
  name: 'observer',
  // So that `terminate` runs when the supervisor ends it.
  trapExit: true,
  init: ({ topics = [], ...options }: ObserverChildOptions): Promise<Observer> =>
    startObserver({
      ...options,
      tree: rootTree(),
      topics: Object.fromEntries(topics.map((topic) => [topic, () => []])),
    }),
  calls: {
    url: (state: Observer) => ({ reply: state.url, state }),
  },
  casts: {
    publish: (state: Observer, { topic, entry }: { topic: string; entry: unknown }) => {
      state.publish(topic, entry)
      return { state }
    },
  },
  terminate: (state: Observer) => state.stop(),
})
