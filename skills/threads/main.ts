import { setEnvironmentData } from 'node:worker_threads'
import type { JsonRecord } from '../json.ts'
import { onChannels, part } from '../probe/channels.ts'
import type { MainPart } from '../probe/main-part.ts'
import { BOARD_KEY } from './board.ts'
import { ThreadBook } from './thread-book.ts'

/** Threads that one answer carries. */
const MOST = 200

let book = new ThreadBook()

/** Main's part of `threads`: hands the board to every worker, and keeps who started which. */
export const threadsMain: MainPart = {
  skill: 'threads',
  install: (shared) => {
    book = new ThreadBook()
    setEnvironmentData(BOARD_KEY, shared)
    const stop = onChannels({
      worker_threads: (message) => {
        const worker = part(message, 'worker')
        if (worker !== undefined) book.add(worker)
      },
    })
    return () => {
      stop()
      setEnvironmentData(BOARD_KEY, undefined)
    }
  },
  read: () => ({
    started: book.started,
    crashed: book.crashed,
    alive: book
      .alive()
      .slice(-MOST)
      .map(({ threadId, startedAt }) => [threadId, startedAt]),
  }),
  functions: {
    'threads.alive': {
      run: () =>
        book
          .alive()
          .slice(-MOST)
          .map((row) => ({ ...row })),
    },
    'threads.crashes': {
      run: (): JsonRecord[] => book.crashes().map((row) => ({ ...row, error: { ...row.error } })),
    },
  },
}
