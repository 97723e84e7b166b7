import type { Ref } from './pid.ts'
import type { CallFrom } from './signal.ts'
import { demonitor, monitor } from './signals.ts'

interface Claim {
  readonly from: CallFrom
  /** Watches who asked, so that nobody waits for the dead. */
  readonly watch: Ref
}

/** Who may work on a key alone, and who waits for that; the first of each list has it. */
export class RegistryLocks {
  readonly #claims = new Map<unknown, Claim[]>()
  readonly #grant: (from: CallFrom) => void

  /** @param grant Tells somebody that it is their turn. */
  constructor(grant: (from: CallFrom) => void) {
    this.#grant = grant
  }

  acquire(id: unknown, from: CallFrom): void {
    const claims = this.#claims.get(id) ?? []
    this.#claims.set(id, claims)
    claims.push({ from, watch: monitor(from.pid) })
    if (claims.length === 1) this.#grant(from)
  }

  /** @param lock The reference of the call by which it was acquired. */
  release(id: unknown, lock: Ref): void {
    this.#drop(id, ({ from }) => from.ref === lock)
  }

  /** Somebody has ended: what it held is free, what it waited for goes to others. */
  down(watch: Ref): void {
    for (const id of this.#claims.keys()) this.#drop(id, (claim) => claim.watch === watch)
  }

  #drop(id: unknown, matches: (claim: Claim) => boolean): void {
    const claims = this.#claims.get(id) ?? []
    const index = claims.findIndex(matches)
    if (index < 0) return
    const [dropped] = claims.splice(index, 1)
    if (dropped) demonitor(dropped.watch, { flush: true })
    const [next] = claims
    if (!next) this.#claims.delete(id)
    else if (index === 0) this.#grant(next.from)
  }
}
