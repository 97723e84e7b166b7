/** Counts to a number again and again; resolves each time it is reached. */
export class Countdown {
  #left = 0
  #done: () => void = () => {}

  /** Resolves after so many `tick`s. */
  of(count: number): Promise<void> {
    this.#left = count
    return new Promise((resolve) => {
      this.#done = resolve
    })
  }

  tick(): void {
    if (--this.#left === 0) this.#done()
  }
}
