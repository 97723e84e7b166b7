import type { JsonRecord } from '../json.ts'

/** Bytes that count as waiting: the high-water mark of a stream. https://nodejs.org/api/stream.html#streamgetdefaulthighwatermarkobjectmode */
const WAITING_FROM = 16_384
/** This much of main at most, whatever the number of handles: 1 ms in 2 s. */
const SHARE = 0.0005
const now = performance.now.bind(performance)

/** Bytes that sockets of the process hold back because the other side does not take them. */
export class SocketSums {
  #readAt = 0
  #nextMs = 0
  #last: JsonRecord = { sockets: 0, waiting: 0, bytes: 0, worst: null }

  /** Walks the open handles; the more there are, the rarer (some 0.5 microseconds each). */
  read(): JsonRecord {
    const startedAt = now()
    if (startedAt - this.#readAt < this.#nextMs) return this.#last
    this.#readAt = startedAt
    this.#last = sumOf(openHandles())
    this.#nextMs = (now() - startedAt) / SHARE
    return this.#last
  }
}

function sumOf(handles: readonly object[]): JsonRecord {
  let sockets = 0
  let waiting = 0
  let bytes = 0
  let most = 0
  let worst: string | null = null
  for (const handle of handles) {
    const length: unknown = Reflect.get(handle, 'writableLength')
    const port: unknown = Reflect.get(handle, 'remotePort')
    if (typeof length !== 'number' || typeof port !== 'number') continue
    sockets += 1
    bytes += length
    if (length >= WAITING_FROM) waiting += 1
    if (length <= most || length < WAITING_FROM) continue
    most = length
    worst = `${String(Reflect.get(handle, 'remoteAddress'))}:${port}`
  }
  return { sockets, waiting, bytes, worst }
}

/** Undocumented, stable since Node 0.x; gives sockets, servers and the like, not timers. */
function openHandles(): object[] {
  const list: unknown = Reflect.get(process, '_getActiveHandles')
  const handles: unknown = typeof list === 'function' ? Reflect.apply(list, process, []) : []
  return Array.isArray(handles)
    ? handles.filter((handle): handle is object => typeof handle === 'object' && handle !== null)
    : []
}
