import type { MainAccess } from '../gateway/main-access.ts'
import { isRecord, type Json, type JsonRecord, textOf } from '../json.ts'
import { activeOf, Counters } from './counters.ts'

/** A sample of one event, as main kept it. */
export interface SampleText {
  readonly at: number
  readonly text: string
  readonly errorStack?: string
  readonly callStack?: string
  readonly detail: JsonRecord
}

/** A pattern of main's table. */
export interface PatternText {
  readonly id: number
  readonly kind: string
  readonly source: string
  readonly firstAt: number
  readonly lastAt: number
  readonly count: number
  /** First and newest. */
  readonly samples: readonly SampleText[]
}

const ASK_MS = 1500

/** What the gateway knows of a pattern table of main: its counters always, its texts when asked for. */
export class PatternBook {
  readonly counters = new Counters()
  readonly #access: MainAccess
  readonly #name: string
  #known: readonly PatternText[] = []

  /** @param name Main's function that gives the table. */
  constructor(access: MainAccess, name: string) {
    this.#access = access
    this.#name = name
  }

  hear(reading: Json, now: number): void {
    this.counters.take(activeOf(reading), now)
  }

  /** Events of a pattern in the last `overMs`: all of them, if it is younger than that. */
  within({ id, firstAt, count }: PatternText, overMs: number, now: number): number {
    return firstAt > now - overMs ? count : this.counters.within(id, overMs)
  }

  /** The patterns with their texts; those of the last time when main does not answer. */
  async patterns(): Promise<readonly PatternText[]> {
    try {
      const answer = await this.#access.invoke(this.#name, null, { timeoutMs: ASK_MS })
      this.#known = parsePatterns(answer.value)
    } catch {
      // Stuck or gone: what was read before is still true.
    }
    return this.#known
  }
}

function parsePatterns(value: Json): PatternText[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((row: Json): PatternText[] => {
    if (!isRecord(row)) return []
    const { id, firstAt, lastAt, count, samples } = row
    if (typeof id !== 'number' || typeof count !== 'number') return []
    return [
      {
        id,
        count,
        kind: textOf(row['kind']),
        source: textOf(row['source']),
        firstAt: Number(firstAt),
        lastAt: Number(lastAt),
        samples: Array.isArray(samples) ? samples.flatMap(parseSample) : [],
      },
    ]
  })
}

function parseSample(value: unknown): SampleText[] {
  if (!isRecord(value)) return []
  const { errorStack, callStack, detail } = value
  return [
    {
      at: Number(value['at']),
      text: textOf(value['text'], ''),
      ...(typeof errorStack === 'string' ? { errorStack } : {}),
      ...(typeof callStack === 'string' ? { callStack } : {}),
      detail: isRecord(detail) ? recordOf(detail) : {},
    },
  ]
}

function recordOf(value: Record<string, unknown>): JsonRecord {
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string | number] =>
      typeof entry[1] === 'string' || typeof entry[1] === 'number',
  )
  return Object.fromEntries(entries)
}
