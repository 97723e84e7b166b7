/**
 * Lua 5.4 as wasmoon ships it, reduced to the C functions that the sandbox drives itself.
 *
 * wasmoon's own bridge is never used: its proxies make live host objects reachable from Lua, its
 * time limit can be caught by `pcall`, its conversions corrupt the heap (docs/sandbox.md).
 */
import { LuaFactory } from 'wasmoon'
import { isRecord } from './options.ts'

/** A `lua_State *`: the main thread of a VM or one of its coroutines. */
export type LuaState = number
/** An address in the VM's memory. */
type Pointer = number

/** The part of the emscripten module that is used. Views are replaced when the memory grows. */
export interface LuaApi {
  readonly HEAPU8: Uint8Array
  readonly HEAPU32: Uint32Array
  addFunction(body: (...args: number[]) => number | void, signature: string): Pointer
  _malloc(bytes: number): Pointer
  _free(address: Pointer): void
  _realloc(address: Pointer, bytes: number): Pointer
  _luaopen_base(state: LuaState): number
  _luaopen_coroutine(state: LuaState): number
  _luaopen_table(state: LuaState): number
  _luaopen_string(state: LuaState): number
  _luaopen_utf8(state: LuaState): number
  _luaopen_math(state: LuaState): number
  _luaopen_os(state: LuaState): number
  _luaopen_debug(state: LuaState): number
  _luaL_loadbufferx(
    state: LuaState,
    source: Pointer,
    bytes: number,
    name: Pointer,
    mode: Pointer,
  ): number
  _luaL_where(state: LuaState, level: number): void
  _lua_pcallk(
    state: LuaState,
    args: number,
    results: number,
    handler: number,
    context: number,
    continuation: number,
  ): number
  _lua_setallocf(state: LuaState, allocator: Pointer, userData: number): void
  _lua_sethook(state: LuaState, hook: Pointer, mask: number, count: number): void
  _lua_setglobal(state: LuaState, name: Pointer): void
  _lua_gettop(state: LuaState): number
  _lua_settop(state: LuaState, index: number): void
  _lua_checkstack(state: LuaState, slots: number): number
  _lua_type(state: LuaState, index: number): number
  _lua_toboolean(state: LuaState, index: number): number
  _lua_isinteger(state: LuaState, index: number): number
  _lua_tointegerx(state: LuaState, index: number, isNumber: Pointer): bigint
  _lua_tonumberx(state: LuaState, index: number, isNumber: Pointer): number
  _lua_tolstring(state: LuaState, index: number, length: Pointer): Pointer
  _lua_topointer(state: LuaState, index: number): Pointer
  _lua_next(state: LuaState, index: number): number
  _lua_pushnil(state: LuaState): void
  _lua_pushboolean(state: LuaState, value: number): void
  _lua_pushinteger(state: LuaState, value: bigint): void
  _lua_pushnumber(state: LuaState, value: number): void
  _lua_pushlstring(state: LuaState, text: Pointer, bytes: number): Pointer
  _lua_pushcclosure(state: LuaState, body: Pointer, upvalues: number): void
  _lua_createtable(state: LuaState, listSize: number, recordSize: number): void
  _lua_rawset(state: LuaState, index: number): void
  _lua_rawseti(state: LuaState, index: number, key: bigint): void
  _lua_concat(state: LuaState, count: number): void
  _lua_error(state: LuaState): number
}

/** The libraries that are opened; `debug` only for the prelude, which removes it. */
export const luaLibraries = [
  'base',
  'coroutine',
  'table',
  'string',
  'utf8',
  'math',
  'os',
  'debug',
] as const

/** `LUA_T*` (lua.h). */
export const luaType = {
  none: -1,
  nil: 0,
  boolean: 1,
  number: 3,
  string: 4,
  table: 5,
  function: 6,
  userdata: 7,
  thread: 8,
} as const

/** `LUA_OK` and `LUA_ERRMEM` (lua.h). */
export const luaStatus = { ok: 0, outOfMemory: 4 } as const

/** `LUA_MASKCOUNT`, `LUA_REGISTRYINDEX` (lua.h, luaconf.h): a closure's upvalue 1 is one below. */
export const luaMaskCount = 8
export const firstUpvalue = -1_001_000 - 1

/** A new VM in a new wasm instance, without libraries and without any JavaScript object in it. */
export async function loadLua(): Promise<{ api: LuaApi; state: LuaState; usedBytes: number }> {
  const engine = await new LuaFactory().createEngine({
    openStandardLibs: false,
    injectObjects: false,
    enableProxy: false,
    traceAllocations: true,
  })
  const { global } = engine
  const module: unknown = global.lua.module
  if (!isLuaApi(module)) {
    const missing = functionNames.find((name) => !hasFunction(module, name))
    throw new Error(`wasmoon's module lacks ${missing ?? 'HEAPU8 or HEAPU32'}: expected 1.16`)
  }
  return { api: module, state: global.address, usedBytes: global.getMemoryUsed() }
}

const coreNames =
  'pcallk setallocf sethook setglobal gettop settop checkstack type toboolean isinteger ' +
  'tointegerx tonumberx tolstring topointer next pushnil pushboolean pushinteger pushnumber ' +
  'pushlstring pushcclosure createtable rawset rawseti concat error'

const functionNames = [
  'addFunction',
  '_malloc',
  '_free',
  '_realloc',
  '_luaL_loadbufferx',
  '_luaL_where',
  ...luaLibraries.map((library) => `_luaopen_${library}`),
  ...coreNames.split(' ').map((name) => `_lua_${name}`),
]

function isLuaApi(module: unknown): module is LuaApi {
  return (
    isRecord(module) &&
    module['HEAPU8'] instanceof Uint8Array &&
    module['HEAPU32'] instanceof Uint32Array &&
    functionNames.every((name) => hasFunction(module, name))
  )
}

function hasFunction(module: unknown, name: string): boolean {
  return isRecord(module) && typeof module[name] === 'function'
}
