const HOUR_MS = 3_600_000

/** Whether a trigger may be given now. */
export type GateAnswer = 'open' | 'cooldown' | 'hourly-bound'

/** Keeps triggers apart, and bounds them by the hour. */
export class TriggerGate {
  readonly #cooldownMs: number
  readonly #mostPerHour: number
  #given: number[] = []

  constructor(cooldownMs: number, mostPerHour: number) {
    this.#cooldownMs = cooldownMs
    this.#mostPerHour = mostPerHour
  }

  ask(now: number): GateAnswer {
    if (this.cooldownLeftMs(now) > 0) return 'cooldown'
    return this.inLastHour(now) >= this.#mostPerHour ? 'hourly-bound' : 'open'
  }

  give(now: number): void {
    this.#given = [...this.#given.filter((at) => now - at < HOUR_MS), now]
  }

  inLastHour(now: number): number {
    return this.#given.filter((at) => now - at < HOUR_MS).length
  }

  cooldownLeftMs(now: number): number {
    const last = this.#given.at(-1)
    return last === undefined ? 0 : Math.max(0, last + this.#cooldownMs - now)
  }
}
