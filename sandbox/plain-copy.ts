/**
 * Copies what a callback returned into plain, bounded data, on the host's side of the border.
 *
 * It must happen here and not in the sandbox thread: a worker that overruns its heap limit while
 * it deserialises a message can abort the whole process (nodejs/node#65019).
 */
import { type Budget, checkDepth, LimitHit, spendBytes, spendNode } from './budget.ts'

/** What a copy consists of. Undefined and null both become nil in Lua. */
export type Plain =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Plain[]
  | { [key: string]: Plain }

/**
 * Returns a copy of own enumerable data: Map as object, Set as array, Date as ISO text, Error as
 * `{ name, message }`, typed arrays and buffers as bytes.
 *
 * @throws {LimitHit} Too large, too many values, too deep, cyclic, or a function or symbol.
 */
export function plainCopy(value: unknown, budget: Budget): Plain {
  return copy(value, budget, [])
}

function copy(value: unknown, budget: Budget, path: readonly object[]): Plain {
  spendNode(budget)
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
    case 'number':
      return value
    case 'bigint':
      // the digits count: a bigint can be megabytes long
      spendBytes(budget, value.toString(16).length)
      return value
    case 'string':
      // a string cannot be shorter in UTF-8 than in UTF-16 units
      spendBytes(budget, value.length)
      return value
    case 'object':
      return value === null ? null : copyObject(value, budget, path)
    case 'function':
    case 'symbol':
      throw new LimitHit('runtime', `callback returned an unsupported ${typeof value}`)
  }
}

function copyObject(value: object, budget: Budget, path: readonly object[]): Plain {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  }
  if (ArrayBuffer.isView(value)) {
    spendBytes(budget, value.byteLength)
    return Uint8Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
  }
  if (value instanceof ArrayBuffer) {
    spendBytes(budget, value.byteLength)
    return Uint8Array.from(new Uint8Array(value))
  }
  checkDepth(budget, path.length)
  if (path.includes(value)) throw new LimitHit('cyclic', `${budget.what} is cyclic`)
  const inner = [...path, value]
  if (Array.isArray(value)) return copyList(value, value.length, budget, inner)
  if (value instanceof Set) return copyList(value, value.size, budget, inner)
  if (value instanceof Map) return copyEntries(value, budget, inner)
  if (value instanceof Error) {
    return copyEntries(Object.entries({ name: value.name, message: value.message }), budget, inner)
  }
  return copyEntries(ownEntries(value), budget, inner)
}

function copyList(
  items: Iterable<unknown>,
  length: number,
  budget: Budget,
  path: readonly object[],
): Plain {
  if (length > budget.nodes) spendNode({ ...budget, nodes: 0 })
  const list: Plain[] = []
  for (const item of items) list.push(copy(item, budget, path))
  return list
}

function copyEntries(
  entries: Iterable<readonly [unknown, unknown]>,
  budget: Budget,
  path: readonly object[],
): Plain {
  const result: { [key: string]: Plain } = {}
  for (const [key, item] of entries) {
    const name = String(key)
    spendNode(budget)
    spendBytes(budget, name.length)
    if (name !== '__proto__') result[name] = copy(item, budget, path)
  }
  return result
}

/** Key by key, so that a huge object is refused before all of its entries were built. */
function* ownEntries(value: object): Generator<readonly [string, unknown]> {
  for (const key of Object.keys(value)) yield [key, Reflect.get(value, key)]
}
