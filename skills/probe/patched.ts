import { syncBuiltinESMExports } from 'node:module'

/** Sees a call after it returned: what it gave, with what it was called, and on what. Must not throw. */
export type CallSeen = (result: unknown, input: readonly unknown[], self: unknown) => void

/**
 * Replaces a method of an object for a while by one that does the same and tells of it.
 *
 * @returns Puts the original back, unless someone else has replaced it meanwhile.
 */
export function watchMethod(owner: object, name: string, seen: CallSeen): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name)
  const original: unknown = before?.value
  if (before?.configurable !== true || typeof original !== 'function') return () => {}
  const watched = function (this: unknown, ...input: unknown[]): unknown {
    const result: unknown = Reflect.apply(original, this, input)
    seen(result, input, this)
    return result
  }
  Object.defineProperties(watched, Object.getOwnPropertyDescriptors(original))
  Object.defineProperty(owner, name, { ...before, value: watched })
  return () => {
    if (Object.getOwnPropertyDescriptor(owner, name)?.value === watched) {
      Object.defineProperty(owner, name, before)
    }
  }
}

/** Watches methods of Node's modules, which ES modules see by their own bindings; ends by itself. */
export function watchWindow(
  methods: readonly (readonly [owner: object, name: string])[],
  seen: (name: string) => CallSeen,
  mostMs: number,
): () => void {
  const stops = methods.map(([owner, name]) => watchMethod(owner, name, seen(name)))
  syncBuiltinESMExports()
  const end = (): void => {
    clearTimeout(timer)
    for (const stop of stops.splice(0)) stop()
    syncBuiltinESMExports()
  }
  const timer = setTimeout(end, mostMs)
  timer.unref()
  return end
}
