import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** What the demonstration reads of an insight; nodelens documents the rest. */
export interface SeenInsight {
  readonly id: string
  readonly createdAt: string
  readonly severity: string
  readonly summary: string
  readonly confidence: string
  readonly model: string
  readonly rootCauseHypothesis?: string
  readonly remediation?: string
  readonly location?: { readonly file?: string; readonly line?: number; readonly function?: string }
  readonly evidence?: readonly {
    readonly name: string
    readonly value: string | number | boolean
    readonly unit?: string
  }[]
}

/**
 * Reads the file that `NODELENS_INSIGHTS_FILE` names while it grows. It is written by a thread of
 * the shop's process that does not care whether the shop's main thread stands still, so this hears
 * of an insight in the middle of a stall.
 */
export class InsightFile {
  static readonly #pollMs = 50
  readonly #path: string
  readonly #insights: SeenInsight[] = []
  #offset = 0

  constructor(path: string) {
    this.#path = path
  }

  /** All insights up to now. */
  read(): readonly SeenInsight[] {
    for (const line of this.#readNew().split('\n')) {
      const insight = parseInsight(line)
      if (insight !== undefined) this.#insights.push(insight)
    }
    return this.#insights
  }

  /** The first insight from number `from` on that is wanted; nothing when the time is over. */
  async next(
    isWanted: (insight: SeenInsight) => boolean,
    { from, timeoutMs, signal }: { from: number; timeoutMs: number; signal: AbortSignal },
  ): Promise<SeenInsight | undefined> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const found = this.read().slice(from).find(isWanted)
      if (found !== undefined || performance.now() >= deadline) return found
      await delay(InsightFile.#pollMs, undefined, { signal })
    }
  }

  #readNew(): string {
    let descriptor: number
    try {
      descriptor = openSync(this.#path, 'r')
    } catch {
      return '' // there is no insight yet
    }
    try {
      const size = fstatSync(descriptor).size
      const buffer = Buffer.alloc(Math.max(0, size - this.#offset))
      const bytes = readSync(descriptor, buffer, 0, buffer.length, this.#offset)
      // A line is read up to its end only, so that no character is cut in two.
      const end = buffer.subarray(0, bytes).lastIndexOf(0x0a) + 1
      this.#offset += end
      return buffer.subarray(0, end).toString('utf8')
    } finally {
      closeSync(descriptor)
    }
  }
}

function parseInsight(line: string): SeenInsight | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isInsight(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isInsight(value: unknown): value is SeenInsight {
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Record<string, unknown>
  const texts = ['id', 'createdAt', 'severity', 'summary', 'confidence', 'model']
  return texts.every((name) => typeof fields[name] === 'string')
}
