import type { SkillContext } from '../gateway/outside-part.ts'
import type { MetricReadings } from '../history/feed.ts'
import { SystemFiles } from '../os/system-files.ts'
import { epochMs } from '../probe/clock.ts'
import type { Point } from '../series.ts'
import { type MemoryLevels, readLevels } from './levels.ts'
import { type AllocatorFinding, judgeMemory } from './verdict.ts'

const MB = 1_048_576
const READ_EVERY_MS = 2000
const SIX_HOURS_MS = 6 * 3_600_000
/** Main reads its memory each second; what is older was read before it got stuck. */
const FRESH_MS = 3000
/** Names in the history. */
const METRICS = [
  'rssMb',
  'externalMb',
  'unexplainedMb',
  'explainedMb',
  'threads',
  'contexts',
  'heapUsedMb',
  'heapCommittedMb',
] as const

/** Follows where the memory of the process is, from the gateway's thread alone. */
export class AllocatorWatch {
  readonly #context: SkillContext
  readonly #files: SystemFiles
  #last: MemoryLevels | undefined
  #readAt = Number.NEGATIVE_INFINITY
  #isNew = false

  constructor(context: SkillContext, files = new SystemFiles()) {
    this.#context = context
    this.#files = files
  }

  tick(now: number): void {
    const isDue = now - this.#readAt >= READ_EVERY_MS - 100
    const isFresh = now - this.#context.reader.gauge('memoryAt') < FRESH_MS
    this.#isNew = isDue && isFresh
    if (this.#isNew) this.#read(now)
  }

  /** The newest levels. */
  levels(): MemoryLevels {
    return this.#last ?? this.#read(epochMs())
  }

  metrics(): MetricReadings {
    const last = this.#last
    if (last === undefined || !this.#isNew) return {}
    const explainedMb = last.heapPhysicalMb + last.externalMb + last.mallocedMb
    const { externalMb, unexplainedMb, threads, contexts, heapUsedMb, heapCommittedMb } = last
    return {
      gauges: {
        rssMb: last.rssMb,
        externalMb,
        unexplainedMb,
        explainedMb,
        threads,
        contexts,
        heapUsedMb,
        heapCommittedMb,
        arrayBuffersMb: last.arrayBuffersMb,
      },
    }
  }

  /** What grows, over the last minutes or over hours. */
  findings(): AllocatorFinding[] {
    const now = epochMs()
    const recent = this.#judge((metric) => this.#context.history.points(metric, 0, now))
    const found = new Set(recent.map(({ trouble }) => trouble))
    const long = this.#judge((metric) =>
      this.#context.history
        .spans(metric, now - SIX_HOURS_MS, now)
        .map(({ at, mean }) => ({ at, value: mean })),
    )
    return [...recent, ...long.filter(({ trouble }) => !found.has(trouble))]
  }

  #judge(read: (metric: string) => Point[]): AllocatorFinding[] {
    const of = (name: (typeof METRICS)[number]): Point[] => read(`allocator_${name}`)
    return judgeMemory({
      external: of('externalMb'),
      externalFloors: this.#floors(),
      unexplained: of('unexplainedMb'),
      explained: of('explainedMb'),
      threads: of('threads'),
      contexts: of('contexts'),
      heapUsed: of('heapUsedMb'),
      heapCommitted: of('heapCommittedMb'),
    })
  }

  #floors(): Point[] {
    return this.#context.reader
      .gcEvents()
      .filter(({ kind, externalBytes }) => kind === 'major' && externalBytes > 0)
      .map(({ at, externalBytes }) => ({ at, value: externalBytes / MB }))
  }

  #read(now: number): MemoryLevels {
    this.#readAt = now
    this.#last = readLevels(this.#context.reader, this.#files, now)
    return this.#last
  }
}
