/** Tells whether a value of unknown origin can be called or constructed. */
export function isFunction(value: unknown): value is (...given: never) => unknown {
  return typeof value === 'function'
}
