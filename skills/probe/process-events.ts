/**
 * Hears events of `process` without being a listener: a listener of 'unhandledRejection' would keep
 * a process alive that ought to die, and any listener shows in `listenerCount`. Node announces these
 * events by `process.emit`, which is wrapped while somebody wants to know.
 */
type Hearer = (values: readonly unknown[]) => void

const hearers = new Map<string, Set<Hearer>>()
let unwrap: (() => void) | undefined

/** Calls `hear` with the values of each such event, before the application's listeners. Returns how to end it. */
export function hearProcess(name: string, hear: Hearer): () => void {
  const known = hearers.get(name) ?? new Set()
  hearers.set(name, known.add(hear))
  unwrap ??= wrap()
  return () => {
    known.delete(hear)
    if (known.size === 0) hearers.delete(name)
    if (hearers.size > 0) return
    unwrap?.()
    unwrap = undefined
  }
}

function wrap(): () => void {
  const before = Object.getOwnPropertyDescriptor(process, 'emit')
  const original: unknown = Reflect.get(process, 'emit')
  if (typeof original !== 'function') return () => {}
  const emit = function emit(this: unknown, name: unknown, ...values: unknown[]): unknown {
    if (typeof name === 'string') tell(name, values)
    return Reflect.apply(original, this, [name, ...values])
  }
  Object.defineProperty(process, 'emit', {
    value: emit,
    configurable: true,
    writable: true,
    enumerable: false,
  })
  return () => {
    // Somebody wrapped it again: what is below stays, and tells nobody.
    if (Reflect.get(process, 'emit') !== emit) return
    if (before === undefined) Reflect.deleteProperty(process, 'emit')
    else Object.defineProperty(process, 'emit', before)
  }
}

function tell(name: string, values: readonly unknown[]): void {
  const known = hearers.get(name)
  if (known === undefined) return
  for (const hear of known) {
    try {
      hear(values)
    } catch {
      // Watching must never become the application's error.
    }
  }
}
