import { OutgoingMessage } from 'node:http'
import type { JsonRecord } from '../json.ts'
import { creationStack } from '../probe/creation-stack.ts'
import { watchWindow } from '../probe/patched.ts'

interface Writer {
  writes: number
  /** Writes that were answered with "wait for drain". */
  refused: number
  readonly stack: string
}

const MAX_WRITERS = 40
const MOST_MS = 10_000

/** For a short time, sees which places write to responses although these ask them to wait. */
export class WriteWindow {
  #writers = new Map<string, Writer>()
  #end: (() => void) | undefined

  begin(): null {
    this.#end?.()
    this.#writers = new Map()
    const methods = [[OutgoingMessage.prototype, 'write']] as const
    this.#end = watchWindow(methods, () => (result) => this.#note(result === false), MOST_MS)
    return null
  }

  /** Ends the window; those that were refused most first. */
  end(): JsonRecord[] {
    this.#end?.()
    this.#end = undefined
    const rows = [...this.#writers.values()].map((writer) => ({ ...writer }))
    this.#writers = new Map()
    return rows.sort((left, right) => right.refused - left.refused).slice(0, 12)
  }

  #note(isRefused: boolean): void {
    const creation = creationStack()
    if (creation.type !== 'stack' || creation.text === '') return
    const known = this.#writers.get(creation.text)
    if (known === undefined && this.#writers.size >= MAX_WRITERS) return
    const writer = known ?? { writes: 0, refused: 0, stack: creation.text }
    this.#writers.set(creation.text, writer)
    writer.writes += 1
    if (isRefused) writer.refused += 1
  }
}
