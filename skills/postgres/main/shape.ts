/** Reads what the driver's objects look like, without trusting that they do. */
import { isMethod, isObject } from './wrap.ts'

/** An own property that is no accessor: `pg.native` loads a module when it is read. */
export function dataOf(holder: unknown, name: string): unknown {
  return isObject(holder) ? Object.getOwnPropertyDescriptor(holder, name)?.value : undefined
}

/** The prototype, of a class or one of its ancestors, that has all of these methods itself. */
export function prototypeWith(constructed: unknown, names: readonly string[]): object | undefined {
  if (!isMethod(constructed)) return undefined
  for (
    let prototype: unknown = dataOf(constructed, 'prototype');
    isObject(prototype) && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const here = prototype
    if (names.every((name) => isMethod(Object.getOwnPropertyDescriptor(here, name)?.value)))
      return here
  }
  return undefined
}

export function textOf(config: unknown): string | undefined {
  if (typeof config === 'string') return config
  const text: unknown = isObject(config) ? Reflect.get(config, 'text') : undefined
  return typeof text === 'string' ? text : undefined
}

export function lastOf(list: unknown): object | undefined {
  const last: unknown = Array.isArray(list) ? list.at(-1) : undefined
  return isObject(last) ? last : undefined
}

export function rowsOf(query: object): number {
  const result: unknown = Reflect.get(query, '_result')
  const count: unknown = isObject(result) ? Reflect.get(result, 'rowCount') : undefined
  return typeof count === 'number' ? count : 0
}

export function codeOf(error: unknown): string {
  const code: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' && code !== '' ? code.slice(0, 40) : 'no code'
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
