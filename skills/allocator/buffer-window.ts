import type { JsonRecord } from '../json.ts'
import { creationStack } from '../probe/creation-stack.ts'
import { watchWindow } from '../probe/patched.ts'

const METHODS = ['alloc', 'allocUnsafe', 'allocUnsafeSlow', 'from', 'concat'] as const
/** Smaller ones come from a pool, and do not fill a memory. */
const LEAST_BYTES = 1024
const MAX_SITES = 40
/** Buffers of a place that are looked after, weakly. */
const MAX_KEPT = 50
const MOST_MS = 10_000

interface BufferSite {
  readonly stack: string
  count: number
  bytes: number
  kept: { readonly ref: WeakRef<object>; readonly bytes: number }[]
}

/** For a short time, sees which places of the application make Buffers, how large, and whether they stay. */
export class BufferWindow {
  #sites = new Map<string, BufferSite>()
  #end: (() => void) | undefined
  #allBytes = 0

  begin(): null {
    this.#end?.()
    this.#sites = new Map()
    this.#allBytes = 0
    this.#end = watchWindow(
      METHODS.map((name) => [Buffer, name] as const),
      () => (result) => {
        if (result instanceof Uint8Array && result.byteLength >= LEAST_BYTES) this.#note(result)
      },
      MOST_MS,
    )
    return null
  }

  /** Bytes of all, those whose place is known, and of these the places with most. */
  end(): JsonRecord {
    this.#end?.()
    this.#end = undefined
    const sites = [...this.#sites.values()].sort((left, right) => right.bytes - left.bytes)
    const all = this.#allBytes
    this.#sites = new Map()
    return {
      bytes: all,
      sampledBytes: sites.reduce((sum, { bytes }) => sum + bytes, 0),
      sites: sites.slice(0, 12).map(({ stack, count, bytes, kept }) => ({
        stack,
        count,
        bytes,
        looked: kept.length,
        alive: kept.filter(({ ref }) => ref.deref() !== undefined).length,
      })),
    }
  }

  #note(buffer: Uint8Array): void {
    const bytes = buffer.byteLength
    this.#allBytes += bytes
    const creation = creationStack()
    if (creation.type !== 'stack' || creation.text === '') return
    const { text: stack } = creation
    const site = this.#sites.get(stack) ?? { stack, count: 0, bytes: 0, kept: [] }
    if (site.count === 0 && this.#sites.size >= MAX_SITES) return
    this.#sites.set(stack, site)
    site.count += 1
    site.bytes += bytes
    if (site.kept.length < MAX_KEPT) site.kept.push({ ref: new WeakRef(buffer), bytes })
  }
}
