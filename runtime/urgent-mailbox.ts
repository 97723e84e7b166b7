import { Mailbox } from './mailbox.ts'

/** A mailbox in which some messages go before all others, in the order in which they came. */
export class UrgentMailbox extends Mailbox {
  /** How many of those lie at its head. */
  #urgent = 0

  constructor(messages: readonly unknown[] = []) {
    super()
    for (const message of messages) this.push(message)
  }

  /** How many messages lie before all ordinary ones. */
  get urgent(): number {
    return this.#urgent
  }

  /** @returns Where it lies now. */
  pushUrgent(message: unknown): number {
    const index = this.#urgent++
    this.insertAt(index, message)
    return index
  }

  override shift(): unknown {
    if (this.#urgent > 0) this.#urgent--
    return super.shift()
  }

  override takeAt(index: number): unknown {
    if (index > 0 && index < this.#urgent) this.#urgent--
    return super.takeAt(index)
  }

  override clear(): void {
    this.#urgent = 0
    super.clear()
  }
}
