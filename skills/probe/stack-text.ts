const MAX_CHARACTERS = 2500

/** Anything that has a stack is read as an error; getters of the application may throw. */
export interface ErrorText {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/** The stack of whoever calls, 30 frames at most; those of nodelens are left out when it is read. */
export function stackHere(): string | undefined {
  const holder: { stack?: unknown } = {}
  const limit = Error.stackTraceLimit
  try {
    Error.stackTraceLimit = 30
    Error.captureStackTrace(holder, stackHere)
    return cut(holder.stack)
  } catch {
    return undefined
  } finally {
    restore(limit)
  }
}

/** The stack of an error, as it is now. Formatting it costs some 10 microseconds the first time. */
export function stackOf(error: object): string | undefined {
  try {
    return cut(Reflect.get(error, 'stack'))
  } catch {
    return undefined
  }
}

/** Name, message and code of anything that may be thrown. */
export function describeThrown(thrown: unknown): ErrorText {
  try {
    if (typeof thrown !== 'object' || thrown === null) {
      return { name: `(${typeof thrown})`, message: String(thrown).slice(0, 500) }
    }
    const seen: { name?: unknown; message?: unknown; code?: unknown } = thrown
    return {
      name: typeof seen.name === 'string' ? seen.name.slice(0, 100) : '(object)',
      message: typeof seen.message === 'string' ? seen.message.slice(0, 500) : '',
      ...(typeof seen.code === 'string' ? { code: seen.code.slice(0, 100) } : {}),
    }
  } catch {
    return { name: '(unreadable)', message: '' }
  }
}

/** A copy: a slice would keep the whole text of the application alive. */
export function shortCopy(text: string, characters: number): string {
  if (text.length <= characters) return text
  return Buffer.from(text.slice(0, characters)).toString()
}

function cut(stack: unknown): string | undefined {
  return typeof stack === 'string' ? shortCopy(stack, MAX_CHARACTERS) : undefined
}

function restore(limit: number): void {
  try {
    Error.stackTraceLimit = limit
  } catch {
    // A frozen Error: the assignment before this one failed too.
  }
}
