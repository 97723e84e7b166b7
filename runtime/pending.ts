/**
 * Replies that have not come yet. A call lives here, not in a mailbox: its reply is found by
 * reference whatever else is queued, and what comes too late finds nobody.
 */

import { type CallInfo, NoProcess, ProcessDown } from './errors.ts'
import type { ExitReason } from './exit-reason.ts'
import { type Pid, type Ref, threadOf } from './pid.ts'
import type { Process } from './process.ts'
import { RefMap } from './ref-map.ts'
import { fromWireError, type WireError } from './wire.ts'

export interface PendingEntry {
  /** Absent: the thread itself, which never gives up. */
  readonly owner?: Process
  readonly target: Pid
  readonly info?: CallInfo
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Where a DOWN is the answer itself (waiting for a death), not a failure. */
  readonly down?: (reason: ExitReason) => void
  /** False for what may wait for ever without keeping the process alive. */
  readonly holds?: boolean
  /** Stops the timer and the abort listener. */
  readonly settled: () => void
  /** These three are of {@link PendingReplies} alone: what else its owner waits for. */
  ref?: Ref | undefined
  newer?: PendingEntry | undefined
  older?: PendingEntry | undefined
}

export class PendingReplies {
  readonly #entries = new RefMap<PendingEntry>()
  readonly #onHold: (holding: boolean) => void
  #holding = 0

  /** @param onHold Told when the first entry comes that keeps the process alive, and the last goes. */
  constructor(onHold: (holding: boolean) => void) {
    this.#onHold = onHold
  }

  get size(): number {
    return this.#entries.size
  }

  add(ref: Ref, entry: PendingEntry): void {
    this.#entries.set(ref, entry)
    entry.ref = ref
    if (entry.owner) attach(entry, entry.owner.rare)
    if (entry.holds !== false) this.hold()
  }

  /** Something waits that keeps the process alive. */
  hold(): void {
    if (this.#holding++ === 0) this.#onHold(true)
  }

  release(count = 1): void {
    if (count === 0) return
    this.#holding -= count
    if (this.#holding === 0) this.#onHold(false)
  }

  /** Takes the entry out; later replies to it are dropped. */
  take(ref: Ref): PendingEntry | undefined {
    const entry = this.#entries.take(ref)
    if (!entry) return undefined
    if (entry.owner) detach(entry, entry.owner.rare)
    if (entry.holds !== false) this.release()
    entry.settled()
    return entry
  }

  replied(ref: Ref, value: unknown): void {
    this.take(ref)?.resolve(value)
  }

  failed(ref: Ref, error: WireError): void {
    this.take(ref)?.reject(fromWireError(error))
  }

  /** True if the DOWN belonged to a pending entry. */
  down(ref: Ref, reason: ExitReason): boolean {
    const entry = this.take(ref)
    if (!entry) return false
    if (entry.down) entry.down(reason)
    else entry.reject(downError(entry, reason))
    return true
  }

  /** Settles everything that waits for an actor of a lost thread. */
  threadLost(ordinal: number, reason: ExitReason): void {
    for (const [ref, entry] of this.#entries.entries()) {
      if (threadOf(entry.target) === ordinal) this.down(ref, reason)
    }
  }

  /** Forgets, without settling, what a dead actor waited for; says what is to be demonitored. */
  ownerEnded(owner: Process): [Ref, Pid][] {
    const orphans: [Ref, Pid][] = []
    const rare = owner.currentRarities
    for (let entry = rare?.waitsFor; entry?.ref; entry = rare?.waitsFor) {
      orphans.push([entry.ref, entry.target])
      this.take(entry.ref)
    }
    return orphans.toReversed()
  }

  rejectAll(error: Error): void {
    for (const [ref] of this.#entries.entries()) this.take(ref)?.reject(error)
  }
}

interface Owner {
  waitsFor: PendingEntry | undefined
}

function attach(entry: PendingEntry, owner: Owner): void {
  const newest = owner.waitsFor
  entry.older = newest
  if (newest) newest.newer = entry
  owner.waitsFor = entry
}

function detach(entry: PendingEntry, owner: Owner): void {
  const { newer, older } = entry
  if (newer) newer.older = older
  else owner.waitsFor = older
  if (older) older.newer = newer
  entry.newer = undefined
  entry.older = undefined
}

function downError({ target, info }: PendingEntry, reason: ExitReason): Error {
  return reason.type === 'noproc'
    ? new NoProcess(info?.target ?? target, info)
    : new ProcessDown(target, reason, info)
}
