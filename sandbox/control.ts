/**
 * The shared memory of one run. The sandbox thread is blocked while it computes and while it waits
 * for a callback, so whatever the host must learn without its help, and whatever must survive the
 * thread's death, stands here: the state, the time spent, the logs.
 */
import type { Limits } from './limits.ts'

/** Both sides' view of one run; cloning it across threads shares the memory. */
export interface Control {
  readonly words: Int32Array
  readonly log: Uint8Array
  /** Monotonic microseconds at which the clock words count zero. */
  readonly zeroUs: number
}

/** Indexes into `words`. Times are microseconds since `zeroUs`. */
export const word = {
  /** Counts replies; the thread waits on it. */
  replies: 0,
  /** 1: the thread should stop as soon as it can. */
  cancelled: 1,
  /** 1: nobody answers callbacks any more. */
  closed: 2,
  /** A `stage`. */
  stage: 3,
  startedUs: 4,
  finishedUs: 5,
  /** Time in callbacks that are over. */
  waitedUs: 6,
  /** Start of the callback being waited for, 0 for none. */
  waitingSinceUs: 7,
  callbackCalls: 8,
  memoryPeakKb: 9,
  logBytes: 10,
  /** 1: something printed was dropped. */
  logCut: 11,
} as const

export const stage = { waiting: 0, started: 1, finished: 2 } as const

const wordCount = Object.keys(word).length

export function createControl(limits: Limits): Control {
  return {
    words: new Int32Array(new SharedArrayBuffer(wordCount * Int32Array.BYTES_PER_ELEMENT)),
    log: new Uint8Array(new SharedArrayBuffer(limits.logBytes)),
    zeroUs: monotonicUs(),
  }
}

/** Microseconds of a clock that all threads of the process share. */
function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

/** Microseconds since the run's zero; never 0, which means "not" in the words. */
export function elapsedUs(control: Control): number {
  return Math.max(1, monotonicUs() - control.zeroUs)
}

/** Sets a word and wakes the thread if it waits for a reply. */
export function raise(control: Control, index: number): void {
  Atomics.store(control.words, index, 1)
  wake(control)
}

export function wake(control: Control): void {
  Atomics.add(control.words, word.replies, 1)
  Atomics.notify(control.words, word.replies)
}

/** The time a run has used so far, in milliseconds. */
export interface Spent {
  readonly luaMs: number
  readonly callbackMs: number
  readonly wallMs: number
  /** The thread waits for a callback at this moment. */
  readonly isWaiting: boolean
}

export function readSpent({ words }: Control, nowUs: number): Spent {
  if (Atomics.load(words, word.stage) === stage.waiting) {
    return { luaMs: 0, callbackMs: 0, wallMs: 0, isWaiting: false }
  }
  const startedUs = Atomics.load(words, word.startedUs)
  const endUs = Atomics.load(words, word.finishedUs) || nowUs
  // The order matters: the thread adds to waitedUs before it clears waitingSinceUs, so that a
  // reader in between counts a callback twice (and is patient) rather than not at all.
  const sinceUs = Atomics.load(words, word.waitingSinceUs)
  const waitedUs = Atomics.load(words, word.waitedUs) + (sinceUs > 0 ? endUs - sinceUs : 0)
  const wallUs = Math.max(0, endUs - startedUs)
  const callbackUs = Math.min(wallUs, Math.max(0, waitedUs))
  return {
    luaMs: (wallUs - callbackUs) / 1000,
    callbackMs: callbackUs / 1000,
    wallMs: wallUs / 1000,
    isWaiting: sinceUs > 0,
  }
}
