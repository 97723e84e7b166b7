/**
 * Classes of errors by name, so that an error that came from another thread is an instance of its
 * class again. One table per thread, as a class is one per thread.
 */

/** A class of errors; its constructor is not called for an error that comes from elsewhere. */
export interface ErrorClass {
  readonly prototype: Error
  readonly name: string
}

const byName = new Map<string, ErrorClass>()
const names = new WeakMap<object, string>()

for (const known of [
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
]) {
  enter(known, known.name)
}

/**
 * Makes errors of this class arrive in this thread as its instances: `instanceof` and its methods
 * work. The constructor does not run; own fields are set as they were. Call it in the module that
 * defines the class: then it holds in every thread that imports the module.
 *
 * @param name What the class is called between threads. Default: its own name.
 * @throws {TypeError} Not a class of errors; another class has this name already.
 */
export function registerErrorClass(errorClass: ErrorClass, name: string = errorClass?.name): void {
  if (!isErrorClass(errorClass)) {
    throw new TypeError('registerErrorClass: expected a class that extends Error.')
  }
  if (typeof name !== 'string' || name.length === 0) {
    throw new TypeError('registerErrorClass: the class has no name; give one as second argument.')
  }
  const other = byName.get(name)
  if (other && other !== errorClass) {
    throw new TypeError(
      `registerErrorClass: another class is called '${name}' already; give a name of its own as second argument.`,
    )
  }
  enter(errorClass, name)
}

export function errorClassOf(name: string | undefined): ErrorClass | undefined {
  return name === undefined ? undefined : byName.get(name)
}

/** What an error's class is called: the nearest name that was registered, else its own. */
export function classNameOf(error: object): string | undefined {
  for (let at = Object.getPrototypeOf(error); at; at = Object.getPrototypeOf(at)) {
    const made: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value
    if (typeof made !== 'function') continue
    const name = names.get(made) ?? made.name
    if (typeof name === 'string' && name.length > 0) return name
  }
  return undefined
}

function isErrorClass(value: unknown): boolean {
  return typeof value === 'function' && value.prototype instanceof Error
}

function enter(errorClass: ErrorClass, name: string): void {
  byName.set(name, errorClass)
  names.set(errorClass, name)
}
