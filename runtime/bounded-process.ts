import { MailboxFull } from './errors.ts'
import type { Kernel } from './kernel.ts'
import { Mailbox } from './mailbox.ts'
import type { MailboxOptions, MailboxPolicy } from './mailbox-options.ts'
import type { Ref } from './pid.ts'
import { Process, type ProcessBirth } from './process.ts'
import { failCall } from './reply.ts'
import { CallRequest, isDownMessage, isExitMessage, STOP_CALL, SYSTEM_CALL } from './signal.ts'
import { isTaskMessage } from './task-result.ts'
import { UrgentMailbox } from './urgent-mailbox.ts'

/** Tells when there is room again. */
class WatchedMailbox extends UrgentMailbox {
  taken: () => void = () => {}

  override shift(): unknown {
    const message = super.shift()
    this.taken()
    return message
  }

  override takeAt(index: number): unknown {
    const message = super.takeAt(index)
    this.taken()
    return message
  }
}

/**
 * An actor whose mailbox has a mark of its own. Only messages, casts and calls count as what may be
 * dropped: exits, DOWNs, results, timeouts, `stop` and `sys` always find a place.
 */
export class BoundedProcess extends Process {
  readonly bound: MailboxOptions
  /** Messages that were dropped or refused since its birth. */
  dropped = 0
  /** Calls that wait for a place, of callers that still wait for them. */
  readonly #line = new Map<Ref, CallRequest>()

  constructor(kernel: Kernel, birth: ProcessBirth, bound: MailboxOptions) {
    const mailbox = bound.policy === 'block' ? new WatchedMailbox() : new Mailbox()
    super(kernel, birth, mailbox)
    this.bound = bound
    if (mailbox instanceof WatchedMailbox) mailbox.taken = () => this.#admit()
  }

  get waitingCallers(): number {
    return this.#line.size
  }

  override get highWater(): number {
    return this.bound.highWater
  }

  override accept(entry: unknown): void {
    const { policy, highWater } = this.bound
    const isFull = this.mailbox.size >= highWater
    if (!isFull || policy === undefined || isForTheRuntime(entry)) this.push(entry)
    else this.#overflow(policy, entry)
  }

  override unwatched(ref: Ref): void {
    super.unwatched(ref)
    this.#line.delete(ref)
  }

  override ended(...args: Parameters<Process['ended']>): void {
    this.#line.clear()
    super.ended(...args)
  }

  #overflow(policy: MailboxPolicy, entry: unknown): void {
    if (policy === 'block' && entry instanceof CallRequest) {
      this.#line.set(entry.from.ref, entry)
      return this.kernel.mailboxes.hit(this, policy, this.dropped)
    }
    this.dropped++
    const { mailbox } = this
    const from = mailbox instanceof UrgentMailbox ? mailbox.urgent : 0
    const index = policy === 'drop-oldest' ? mailbox.find(mayGo, from) : -1
    if (index < 0) this.#refuse(policy, entry)
    else {
      const oldest = mailbox.takeAt(index)
      this.behaviour?.moved?.(index, -1)
      this.#refuse(policy, oldest)
      this.push(entry)
    }
    this.kernel.mailboxes.hit(this, policy, this.dropped)
  }

  /** Who waits for an answer hears at once that there will be none. */
  #refuse(policy: MailboxPolicy, entry: unknown): void {
    if (!(entry instanceof CallRequest)) return
    failCall(this, entry.asker, new MailboxFull(this.pid, this.bound.highWater, policy))
  }

  /** From the front of the line, as long as there is room. */
  #admit(): void {
    for (const [ref, request] of this.#line) {
      if (this.mailbox.size >= this.bound.highWater) return
      this.#line.delete(ref)
      if (this.watchers.has(ref)) this.push(request)
    }
  }
}

function isForTheRuntime(entry: unknown): boolean {
  return entry instanceof CallRequest && (entry.name === SYSTEM_CALL || entry.name === STOP_CALL)
}

function mayGo(entry: unknown): boolean {
  if (isForTheRuntime(entry)) return false
  return !isExitMessage(entry) && !isDownMessage(entry) && !isTaskMessage(entry)
}
