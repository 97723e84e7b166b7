/**
 * One listener per signal, however many scripts share it: an agent hands its own signal to all of
 * its scripts, and Node 20 warns on the host's stderr about the eleventh listener.
 */
export class AbortFanout {
  readonly #members = new Map<AbortSignal, Set<() => void>>()

  /** Calls `onAbort` when the signal is aborted, until the returned function is called. */
  add(signal: AbortSignal, onAbort: () => void): () => void {
    const members = this.#members.get(signal) ?? new Set()
    members.add(onAbort)
    if (members.size === 1) {
      this.#members.set(signal, members)
      signal.addEventListener('abort', this.#onAbort, { once: true })
    }
    return () => {
      members.delete(onAbort)
      if (members.size > 0 || this.#members.get(signal) !== members) return
      this.#members.delete(signal)
      signal.removeEventListener('abort', this.#onAbort)
    }
  }

  readonly #onAbort = (event: Event): void => {
    const signal = event.target
    if (!(signal instanceof AbortSignal)) return
    const members = this.#members.get(signal)
    this.#members.delete(signal)
    for (const member of members ?? []) member()
  }
}
