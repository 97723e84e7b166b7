/**
 * Lua values to JavaScript, by copy. Reading never runs Lua code (no metamethods, no `tostring`),
 * never allocates in the Lua heap and checks a budget at each step.
 */
import { type Budget, checkDepth, LimitHit, spendBytes, spendNode } from './budget.ts'
import { type LuaApi, type LuaState, luaType } from './lua-module.ts'
import type { Json } from './outcome.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export class LuaReader {
  readonly #api: LuaApi
  readonly #length: number

  constructor(api: LuaApi) {
    this.#api = api
    this.#length = api._malloc(8)
  }

  /**
   * Copies the value at an absolute stack index. A table with exactly the keys 1..n becomes an
   * array, any other an object; integers beyond 2^53 become decimal strings; bytes that are not
   * UTF-8 become U+FFFD; what cannot cross becomes its type in angle brackets.
   *
   * @throws {LimitHit} The value does not fit the budget, or is cyclic.
   */
  value(state: LuaState, index: number, budget: Budget): Json {
    return this.#value(state, index, budget, new Set())
  }

  /** The string at the index, cut to `maxBytes`; a number is not converted. */
  text(state: LuaState, index: number, maxBytes: number): string {
    const bytes = this.#bytes(state, index)
    if (bytes.length <= maxBytes) return decoder.decode(bytes)
    return `${decoder.decode(bytes.subarray(0, maxBytes))}…(+${bytes.length - maxBytes} bytes)`
  }

  #value(state: LuaState, index: number, budget: Budget, path: Set<number>): Json {
    spendNode(budget)
    const type = this.#api._lua_type(state, index)
    switch (type) {
      case luaType.none:
      case luaType.nil:
        return null
      case luaType.boolean:
        return this.#api._lua_toboolean(state, index) !== 0
      case luaType.number:
        return this.#number(state, index)
      case luaType.string:
        return this.#string(state, index, budget)
      case luaType.table:
        return this.#table(state, index, budget, path)
      default:
        return placeholder(type)
    }
  }

  #number(state: LuaState, index: number): number | string {
    if (this.#api._lua_isinteger(state, index) === 0) {
      return this.#api._lua_tonumberx(state, index, 0)
    }
    const exact = this.#api._lua_tointegerx(state, index, 0)
    const number = Number(exact)
    return Number.isSafeInteger(number) ? number : exact.toString()
  }

  #string(state: LuaState, index: number, budget: Budget): string {
    const bytes = this.#bytes(state, index)
    spendBytes(budget, bytes.length)
    return decoder.decode(bytes)
  }

  /** A view, valid until the VM runs again. Only for strings: tolstring would convert a number. */
  #bytes(state: LuaState, index: number): Uint8Array {
    const address = this.#api._lua_tolstring(state, index, this.#length)
    const length = this.#api.HEAPU32[this.#length >> 2] ?? 0
    return this.#api.HEAPU8.subarray(address, address + length)
  }

  #table(state: LuaState, index: number, budget: Budget, path: Set<number>): Json {
    checkDepth(budget, path.size)
    const address = this.#api._lua_topointer(state, index)
    if (path.has(address)) throw new LimitHit('cyclic', `${budget.what} contains a cyclic table`)
    if (this.#api._lua_checkstack(state, 8) === 0) {
      throw new LimitHit('too_deep', `${budget.what} does not fit the Lua stack`)
    }
    path.add(address)
    const entries: [string | number, Json][] = []
    this.#api._lua_pushnil(state)
    while (this.#api._lua_next(state, index) !== 0) {
      const top = this.#api._lua_gettop(state)
      const key = this.#key(state, top - 1, budget)
      entries.push([key, this.#value(state, top, budget, path)])
      this.#api._lua_settop(state, top - 1)
    }
    path.delete(address)
    return assemble(entries)
  }

  #key(state: LuaState, index: number, budget: Budget): string | number {
    const type = this.#api._lua_type(state, index)
    spendNode(budget)
    if (type === luaType.boolean) return String(this.#api._lua_toboolean(state, index) !== 0)
    if (type === luaType.number) return this.#number(state, index)
    if (type === luaType.string) return this.#string(state, index, budget)
    return placeholder(type)
  }
}

function assemble(entries: readonly [string | number, Json][]): Json {
  if (entries.length > 0 && isList(entries)) {
    const list = Array.from({ length: entries.length }, (): Json => null)
    for (const [key, value] of entries) list[Number(key) - 1] = value
    return list
  }
  const record: { [key: string]: Json } = {}
  for (const [key, value] of entries) {
    if (key !== '__proto__') record[key] = value
  }
  return record
}

/** Keys are distinct, so n of them within 1..n are all of them. */
function isList(entries: readonly [string | number, Json][]): boolean {
  return entries.every(
    ([key]) =>
      typeof key === 'number' && Number.isInteger(key) && key >= 1 && key <= entries.length,
  )
}

function placeholder(type: number): string {
  if (type === luaType.function) return '<function>'
  if (type === luaType.thread) return '<thread>'
  if (type === luaType.table) return '<table>'
  return '<userdata>'
}
