/** The observer as an actor in the root thread: tree, runs, notifications and insights, live. */
import { call, rootTree, server } from '../../runtime/index.ts'
// The room's door leaves the observer out, so that no thread but this one loads `ws`.
// oxlint-disable-next-line no-restricted-imports
import type { ObserverOptions } from '../../runtime/observer/observer-options.ts'
// oxlint-disable-next-line no-restricted-imports
import { type Observer, startObserver } from '../../runtime/observer/start-observer.ts'
import { emit } from '../telemetry.ts'
import { names } from './names.ts'

/** Where the observer listens. */
export interface ObserverArgs
  extends Pick<ObserverOptions, 'host' | 'port' | 'token' | 'allowedOrigins' | 'title'> {
  /** A port that is taken is told, and nodelens runs without an observer. */
  readonly mayFail: boolean
}

interface State {
  readonly observer: Observer | undefined
}

export const observer = server(import.meta, {
  name: names.observer,
  // So that `terminate` runs when the supervisor ends it.
  trapExit: true,
  init: async ({ mayFail, ...options }: ObserverArgs): Promise<State> => {
    const insights = await call(names.journal, 'insights')
    try {
      const started = await startObserver({
        ...options,
        tree: rootTree(),
        topics: {
          insights: () => insights,
          notifications: () => [],
          runs: () => [],
          operators: () => [],
        },
      })
      emit('observer', 'started', { url: started.url })
      return { observer: started }
    } catch (error) {
      if (!mayFail) throw error
      const message = error instanceof Error ? error.message : String(error)
      emit('observer', 'unavailable', { message })
      return { observer: undefined }
    }
  },
  calls: {
    url: (state: State) => ({ reply: state.observer?.url, state }),
  },
  casts: {
    publish: (state: State, { topic, entry }: { topic: string; entry: unknown }) => {
      state.observer?.publish(topic, entry)
      return { state }
    },
  },
  terminate: async ({ observer: running }: State): Promise<void> => running?.stop(),
})
