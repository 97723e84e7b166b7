/**
 * JavaScript values to Lua, by copy. Must run inside a protected call: the VM raises its own
 * error (a thrown number, never to be caught here) when the Lua heap is full.
 */
import { type Budget, checkDepth, LimitHit, spendBytes, spendNode } from './budget.ts'
import { withBytes } from './lua-memory.ts'
import type { LuaApi, LuaState } from './lua-module.ts'
import type { Plain } from './plain-copy.ts'

const encoder = new TextEncoder()
/** Tables are created with room for their entries, but not for more than this. */
const largestPresize = 65_536

export class LuaWriter {
  readonly #api: LuaApi

  constructor(api: LuaApi) {
    this.#api = api
  }

  text(state: LuaState, text: string): void {
    this.#bytes(state, encoder.encode(text))
  }

  /** Pushes one value. Safe integers and 64-bit bigints become Lua integers. */
  value(state: LuaState, value: Plain, budget: Budget): void {
    this.#value(state, value, budget, 0)
  }

  #value(state: LuaState, value: Plain, budget: Budget, depth: number): void {
    spendNode(budget)
    if (value === undefined || value === null) return this.#api._lua_pushnil(state)
    if (typeof value === 'boolean') return this.#api._lua_pushboolean(state, value ? 1 : 0)
    if (typeof value === 'number') return this.#number(state, value)
    if (typeof value === 'bigint') return this.#bigint(state, value)
    if (typeof value === 'string') return this.#counted(state, encoder.encode(value), budget)
    return this.#object(state, value, budget, depth)
  }

  #number(state: LuaState, value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      this.#api._lua_pushinteger(state, BigInt(value))
    } else {
      this.#api._lua_pushnumber(state, value)
    }
  }

  #bigint(state: LuaState, value: bigint): void {
    if (BigInt.asIntN(64, value) === value) this.#api._lua_pushinteger(state, value)
    else this.text(state, value.toString())
  }

  #object(
    state: LuaState,
    value: Uint8Array | Plain[] | { [key: string]: Plain },
    budget: Budget,
    depth: number,
  ): void {
    if (value instanceof Uint8Array) return this.#counted(state, value, budget)
    checkDepth(budget, depth)
    if (this.#api._lua_checkstack(state, 8) === 0) {
      throw new LimitHit('too_deep', `${budget.what} does not fit the Lua stack`)
    }
    if (isList(value)) {
      this.#api._lua_createtable(state, Math.min(value.length, largestPresize), 0)
      const table = this.#api._lua_gettop(state)
      for (const [index, item] of value.entries()) {
        this.#value(state, item, budget, depth + 1)
        this.#api._lua_rawseti(state, table, BigInt(index + 1))
      }
      return
    }
    const entries = Object.entries(value)
    this.#api._lua_createtable(state, 0, Math.min(entries.length, largestPresize))
    const table = this.#api._lua_gettop(state)
    for (const [key, item] of entries) {
      this.#value(state, key, budget, depth + 1)
      this.#value(state, item, budget, depth + 1)
      this.#api._lua_rawset(state, table)
    }
  }

  #counted(state: LuaState, bytes: Uint8Array, budget: Budget): void {
    spendBytes(budget, bytes.length)
    this.#bytes(state, bytes)
  }

  #bytes(state: LuaState, bytes: Uint8Array): void {
    withBytes(this.#api, bytes, (address, length) => {
      this.#api._lua_pushlstring(state, address, length)
    })
  }
}

function isList(value: Plain[] | { [key: string]: Plain }): value is Plain[] {
  return Array.isArray(value)
}
