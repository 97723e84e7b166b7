import type { JsonRecord } from '../json.ts'
import { fingerprint } from './fingerprint.ts'

/** What is kept of one event of a pattern: short texts, never the application's objects. */
export interface Sample {
  readonly at: number
  readonly text: string
  /** Stack of the error itself, as text. */
  readonly errorStack?: string
  /** Stack of the place that told of it, as text. */
  readonly callStack?: string
  /** Whatever else the skill wants to keep; small. */
  readonly detail?: JsonRecord
}

/** Events that differ only in their values. */
export interface Pattern {
  readonly id: number
  /** Kind of event, such as a log level. */
  readonly kind: string
  readonly source: string
  readonly firstAt: number
  count: number
  lastAt: number
  /** How many events had happened when `reported` was last called. */
  told: number
  sampledAt: number
  first: Sample | undefined
  newest: Sample | undefined
}

const MAX_PATTERNS = 80
/** New patterns admitted in a second; each costs a stack. The rest is counted together. */
const NEW_PER_SECOND = 20
/** A pattern that has been silent for this long makes room for a new one. */
const IDLE_MS = 60_000
const SAMPLE_EVERY_MS = 5000
const MIN_SAMPLE_MS = 250
const MAX_REPORTED = 30

/**
 * Counts events by pattern, in main: 80 patterns, two samples each. Rare patterns are sampled always,
 * frequent ones when their count doubles and every five seconds.
 */
export class PatternTable {
  readonly #dropsQuoted: boolean
  readonly #patterns = new Map<number, Pattern>()
  #serial = 0
  #admittedAt = 0
  #admitted = 0

  /** @param dropsQuoted Text between double quotes does not tell patterns apart. */
  constructor(dropsQuoted: boolean) {
    this.#dropsQuoted = dropsQuoted
  }

  /** Counts an event. Returns its pattern when a sample of this event is wanted. */
  note(kind: string, source: string, text: string, now: number): Pattern | undefined {
    const seed = fingerprint(source, fingerprint(kind, 0, false), false)
    const key = fingerprint(text, seed, this.#dropsQuoted)
    const pattern = this.#patterns.get(key) ?? this.#admit(key, kind, source, now)
    if (pattern === undefined) return this.#noteOther(seed, kind, source, now)
    pattern.count += 1
    pattern.lastAt = now
    return wantsSample(pattern, now) ? pattern : undefined
  }

  /** Keeps a sample of the pattern that `note` returned. */
  keep(pattern: Pattern, sample: Sample): void {
    pattern.sampledAt = sample.at
    if (pattern.first === undefined) pattern.first = sample
    else pattern.newest = sample
  }

  /** Ids and counts of what happened since the last call, the busiest first, 30 at most. */
  reported(): [id: number, count: number][] {
    const active = [...this.#patterns.values()].filter(({ count, told }) => count > told)
    active.sort((left, right) => right.count - right.told - (left.count - left.told))
    return active.slice(0, MAX_REPORTED).map((pattern) => {
      pattern.told = pattern.count
      return [pattern.id, pattern.count]
    })
  }

  /** All patterns with their samples, as plain data, newest first. */
  rows(): JsonRecord[] {
    return [...this.#patterns.values()]
      .sort((left, right) => right.lastAt - left.lastAt)
      .map(({ id, kind, source, firstAt, lastAt, count, first, newest }) => ({
        id,
        kind,
        source,
        firstAt,
        lastAt,
        count,
        samples: [first, newest].flatMap((sample) => (sample === undefined ? [] : [{ ...sample }])),
      }))
  }

  #admit(key: number, kind: string, source: string, now: number): Pattern | undefined {
    if (now - this.#admittedAt >= 1000) {
      this.#admittedAt = now
      this.#admitted = 0
    }
    if (this.#admitted >= NEW_PER_SECOND) return undefined
    this.#admitted += 1
    if (this.#patterns.size >= MAX_PATTERNS && !this.#forgetOne(now)) return undefined
    return this.#add(key, kind, source, now)
  }

  #add(key: number, kind: string, source: string, now: number): Pattern {
    const pattern: Pattern = {
      id: (this.#serial += 1),
      kind,
      source,
      firstAt: now,
      count: 0,
      lastAt: now,
      told: 0,
      sampledAt: 0,
      first: undefined,
      newest: undefined,
    }
    this.#patterns.set(key, pattern)
    return pattern
  }

  /** Drops the pattern that has been silent for longest, if any has for a minute. */
  #forgetOne(now: number): boolean {
    let oldest: [number, Pattern] | undefined
    for (const entry of this.#patterns) {
      if (oldest === undefined || entry[1].lastAt < oldest[1].lastAt) oldest = entry
    }
    if (oldest === undefined || now - oldest[1].lastAt < IDLE_MS) return false
    return this.#patterns.delete(oldest[0])
  }

  /** Texts of which no two are alike: counted together, under the key of no text. */
  #noteOther(seed: number, kind: string, source: string, now: number): Pattern | undefined {
    const key = fingerprint('(other)', seed, false)
    const isNew = !this.#patterns.has(key)
    if (isNew && this.#patterns.size > MAX_PATTERNS + 20) return undefined
    const pattern = this.#patterns.get(key) ?? this.#add(key, kind, source, now)
    pattern.count += 1
    pattern.lastAt = now
    return wantsSample(pattern, now) ? pattern : undefined
  }
}

function wantsSample({ count, sampledAt }: Pattern, now: number): boolean {
  if (count <= 2) return true
  const sinceMs = now - sampledAt
  if (sinceMs >= SAMPLE_EVERY_MS) return true
  return (count & (count - 1)) === 0 && sinceMs >= MIN_SAMPLE_MS
}
