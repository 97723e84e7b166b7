import { setTimeout as delay } from 'node:timers/promises'
import type { WorkerRelay } from '../gateway/relay.ts'
import { parseStackSample, STACK_EXPRESSION } from '../gateway/stack-sample.ts'
import { epochMs } from '../probe/clock.ts'
import type { TimedSample } from '../vm-events/stall.ts'
import { hasMovedOn } from './verdicts.ts'

const MOST_LOOKS = 90
const KEPT = 60
const LOOK = { timeoutMs: 3000 }

/** Looks at the stack of one worker that is busy, until it is told to end. */
export class ThreadLook {
  readonly #relay: WorkerRelay
  readonly #ownFolders: readonly string[]
  readonly threadId: number
  #isOver = false
  #samples: TimedSample[] = []
  #since: number
  #name = ''
  #looks = 0

  /** @param since Epoch milliseconds from which it has been busy. */
  constructor(relay: WorkerRelay, ownFolders: readonly string[], threadId: number, since: number) {
    this.#relay = relay
    this.#ownFolders = ownFolders
    this.threadId = threadId
    this.#since = since
    void this.#run()
  }

  /** What was seen since it last moved on, oldest first. */
  get samples(): readonly TimedSample[] {
    return this.#samples
  }

  /** Since when it has been in this one call; epoch milliseconds. */
  get since(): number {
    return this.#since
  }

  /** The name that its owner gave the thread, or ''. */
  get name(): string {
    return this.#name
  }

  end(): void {
    this.#isOver = true
  }

  async #run(): Promise<void> {
    try {
      await this.#relay.with(this.threadId, async (worker, name) => {
        this.#name = name
        let askedAt = this.#since
        while (!this.#isOver && this.#looks < MOST_LOOKS) {
          const answer = await worker.evaluate(STACK_EXPRESSION, LOOK)
          this.#looks += 1
          const now = epochMs()
          const sample = parseStackSample(answer, this.#ownFolders)
          this.#note({ sample, weightMs: now - askedAt }, now)
          askedAt = now
          await delay(pauseAfter(this.#looks), undefined, { ref: false })
        }
      })
    } catch {
      // Main passes nothing on (natively blocked), the budget is spent, or the thread is gone.
    }
  }

  #note(timed: TimedSample, now: number): void {
    if (hasMovedOn(this.#samples.at(-1), timed)) {
      this.#samples = []
      this.#since = now
    }
    this.#samples.push(timed)
    if (this.#samples.length > KEPT) this.#samples.splice(5, 1)
  }
}

/** Close looks first, for the share; then about one a second. */
function pauseAfter(looks: number): number {
  if (looks < 15) return 60
  return looks < 30 ? 250 : 1000
}
