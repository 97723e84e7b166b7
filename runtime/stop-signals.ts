/** The end of the process by a signal of the system: first in order, then by force. */

import { writeSync } from 'node:fs'
import { constants } from 'node:os'

/** What the threads have to end in at a second signal, milliseconds. */
const FORCE_MS = 1000
const STDERR = 2

export interface StopSignalsHands {
  /** Ends all in order. @returns Who had not ended within the time; empty: all had. */
  readonly stop: () => Promise<readonly string[]>
  /** Ends every thread. @returns Whether they are gone in time. */
  readonly force: (timeoutMs: number) => Promise<boolean>
}

export class StopSignals {
  readonly #signals: readonly NodeJS.Signals[]
  readonly #hands: StopSignalsHands
  #isStopping = false

  constructor(signals: readonly NodeJS.Signals[], hands: StopSignalsHands) {
    this.#signals = signals
    this.#hands = hands
    for (const signal of signals) process.on(signal, this.#onSignal)
  }

  forget(): void {
    for (const signal of this.#signals) process.off(signal, this.#onSignal)
  }

  /** The first signal stops in order and exits with 0; a second one, or time, with 128 + signal. */
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (this.#isStopping) return void this.#end(signal, 'came again before all had ended')
    this.#isStopping = true
    void this.#hands.stop().then((left) => {
      if (left.length === 0) process.exit(0)
      void this.#end(signal, `came, and these had not ended in time: ${left.join(', ')}`)
    })
  }

  /**
   * A thread in native code keeps `process.exit()` waiting for as long as that takes, so where the
   * threads do not go, the process is killed.
   */
  async #end(signal: NodeJS.Signals, what: string): Promise<void> {
    writeSync(STDERR, `nodelens: ${signal} ${what}. The process is ended.\n`)
    if (await this.#hands.force(FORCE_MS)) process.exit(128 + constants.signals[signal])
    process.kill(process.pid, 'SIGKILL')
  }
}
