/** What every runtime under measurement does, so that the numbers are of the same work. */

/** Some work that is done again and again; `run` resolves when all of it has been done. */
export interface Load {
  /** Messages, calls or lives in one run. */
  readonly operations: number
  run(): unknown
}

/** An actor that gives itself work for ever. */
export interface Flood {
  /** Messages handled so far; may be a promise. */
  handled(): unknown
}

export const LOADS = [
  'tell',
  'fanOut',
  'call',
  'concurrentCalls',
  'ring',
  'backlog200k',
  'backlog1M',
  'spawnAndStop',
  'spawnAndStopServer',
  'restart',
  'idle',
  'threadCall',
  'threadConcurrentCalls',
  'threadTell',
  'threadChannel',
  'threadChannelFill',
] as const
export type LoadName = (typeof LOADS)[number]

/** A subject leaves out what it cannot do. */
export type Subject = Readonly<Partial<Record<LoadName, () => Load | Promise<Load>>>> & {
  readonly flood?: () => Flood | Promise<Flood>
  /** Of the main thread, by another one. */
  readonly threadFlood?: () => Flood | Promise<Flood>
}

/** Sizes that all subjects share. */
export const SIZES = {
  burst: 10_000,
  fan: 1_000,
  calls: 1_000,
  ring: 1_000,
  ringHops: 20_000,
  lives: 500,
  idle: 100_000,
  inFlight: 256,
  records: 200_000,
  /** Messages that a flooding thread sends before it waits until they were handled. */
  floodRound: 20_000,
} as const

export function isLoadName(text: string): text is LoadName {
  return LOADS.some((name) => name === text)
}

export function isSubject(value: unknown): value is Subject {
  return typeof value === 'object' && value !== null && LOADS.some((name) => name in value)
}
