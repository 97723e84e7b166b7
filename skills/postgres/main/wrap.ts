/** A method of a class of the application, as far as we care. */
export type Method = (this: object, ...input: unknown[]) => unknown

/**
 * Puts a method in the place of another, with the same name, length and attributes.
 *
 * @param make Gets the method that was there, which must be called exactly once with the same `this` and input.
 * @returns Puts the old one back, if nobody has replaced ours meanwhile; undefined when there is no such method.
 */
export function wrapMethod(
  holder: object,
  name: string,
  make: (original: Method) => Method,
): (() => void) | undefined {
  const was = Object.getOwnPropertyDescriptor(holder, name)
  const original: unknown = was?.value
  if (was === undefined || was.configurable === false || !isMethod(original)) return undefined
  const ours = make(original)
  for (const key of ['name', 'length'] as const)
    Object.defineProperty(ours, key, { value: original[key], configurable: true })
  Object.defineProperty(holder, name, { ...was, value: ours })
  return () => {
    if (Object.getOwnPropertyDescriptor(holder, name)?.value === ours)
      Object.defineProperty(holder, name, was)
  }
}

export function isMethod(value: unknown): value is Method {
  return typeof value === 'function'
}

export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** Bookkeeping that must never reach the application, whatever a strange subclass does to it. */
export function quietly<Value>(work: () => Value): Value | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
