import type { Report } from './report.ts'

/** Hands the reports of all threads to those who follow them; lives in the root thread. */
export class ReportHub {
  readonly #listeners = new Set<(report: Report) => void>()
  readonly #count: (change: 1 | -1) => void

  /** @param count Told of every listener that comes or goes: reports are only made for somebody. */
  constructor(count: (change: 1 | -1) => void) {
    this.#count = count
  }

  publish(report: Report): void {
    for (const listener of this.#listeners) listener(report)
  }

  /** @returns Ends the subscription; harmless when called twice. */
  subscribe(listener: (report: Report) => void): () => void {
    const own = (report: Report): void => listener(report)
    this.#listeners.add(own)
    this.#count(1)
    return () => {
      if (this.#listeners.delete(own)) this.#count(-1)
    }
  }
}
