/**
 * One Lua VM for one script: a fresh wasm instance with the safe libraries, an allocator with a
 * cap, a count hook that looks at the clock, and one C function per callback as the only way out.
 * No JavaScript object is ever reachable from Lua.
 */
import { LimitHit } from './budget.ts'
import { CallbackFailed } from './callback-client.ts'
import { type Control, word } from './control.ts'
import type { Limits } from './limits.ts'
import { type HeapMeter, limitMemory, withText } from './lua-memory.ts'
import {
  firstUpvalue,
  type LuaApi,
  type LuaState,
  loadLua,
  luaLibraries,
  luaMaskCount,
  luaStatus,
} from './lua-module.ts'
import { prelude } from './lua-prelude.ts'
import { displayText, printLine } from './lua-print.ts'
import { LuaReader } from './lua-reader.ts'
import { LuaWriter } from './lua-writer.ts'
import type { Json, ThreadResult } from './outcome.ts'
import type { Plain } from './plain-copy.ts'
import { type RunGuard, ScriptAborted } from './run-guard.ts'

/**
 * Instructions between two looks at the clock. Measured: any count hook costs 2.4x on pure calls
 * because the VM takes its trap path, whatever the count; 100 keeps the overshoot of loops over
 * slow C functions below 160 ms (1000: 940 ms).
 */
const hookInstructions = 100

export interface MachineOptions {
  readonly limits: Limits
  readonly control: Control
  readonly guard: RunGuard
  readonly callbacks: readonly string[]
  /** Calls the host and waits. May throw CallbackFailed or ScriptAborted. */
  readonly callHost: (name: string, args: readonly Json[]) => Plain
}

export class LuaMachine {
  readonly #api: LuaApi
  readonly #state: LuaState
  readonly #options: MachineOptions
  readonly #reader: LuaReader
  readonly #writer: LuaWriter
  readonly #heap: HeapMeter

  static async create(options: MachineOptions): Promise<LuaMachine> {
    const { api, state, usedBytes } = await loadLua()
    return new LuaMachine(api, state, { ...options, usedBytes })
  }

  private constructor(
    api: LuaApi,
    state: LuaState,
    options: MachineOptions & { readonly usedBytes: number },
  ) {
    this.#api = api
    this.#state = state
    this.#options = options
    this.#reader = new LuaReader(api)
    this.#writer = new LuaWriter(api)
    this.#openLibraries()
    this.#heap = limitMemory(api, state, {
      usedBytes: options.usedBytes,
      maxBytes: options.limits.memoryBytes,
      poll: () => this.#checkpoint(),
    })
    this.#runPrelude()
    this.#definePrint()
    this.#defineCallbacks()
  }

  /** Runs a script to its end. Once only; never throws for the script's faults. */
  run(source: string): ThreadResult {
    const { guard } = this.#options
    const hook = this.#api.addFunction(() => this.#checkpoint(), 'vii')
    guard.start()
    this.#api._lua_sethook(this.#state, hook, luaMaskCount, hookInstructions)
    try {
      return this.#execute(source)
    } catch (error) {
      return toFailure(error)
    } finally {
      this.#reportMemory()
    }
  }

  #execute(source: string): ThreadResult {
    const api = this.#api
    const loaded = this.#load(source, '=script')
    if (loaded !== luaStatus.ok) return this.#failed(loaded, 'syntax')
    const finished = api._lua_pcallk(this.#state, 0, -1, 0, 0, 0)
    if (finished !== luaStatus.ok) return this.#failed(finished, 'runtime')
    const { resultBytes: bytes, resultNodes: nodes, resultDepth: depth } = this.#options.limits
    const values = this.#readAll(this.#state, { bytes, nodes, depth, what: 'result' })
    return { ok: true, value: values.length <= 1 ? (values[0] ?? null) : values }
  }

  #failed(status: number, code: 'syntax' | 'runtime'): ThreadResult {
    const top = this.#api._lua_gettop(this.#state)
    const text = displayText(this.#api, this.#reader, this.#state, top)
    const message = text === 'nil' ? 'error(nil)' : text
    return { ok: false, code: status === luaStatus.outOfMemory ? 'memory' : code, message }
  }

  #readAll(state: LuaState, budget: Parameters<LuaReader['value']>[2]): Json[] {
    const count = this.#api._lua_gettop(state)
    const values: Json[] = []
    for (let index = 1; index <= count; index++) {
      values.push(this.#reader.value(state, index, budget))
    }
    return values
  }

  /** Compiles text, never bytecode, which could corrupt the VM. */
  #load(source: string, name: string): number {
    const api = this.#api
    return withText(api, source, (text, length) =>
      withText(api, name, (chunkName) =>
        withText(api, 't', (mode) =>
          api._luaL_loadbufferx(this.#state, text, length, chunkName, mode),
        ),
      ),
    )
  }

  /** Not wasmoon's loadLibrary: its 'utf8' opens the string library a second time (1.16.0). */
  #openLibraries(): void {
    for (const library of luaLibraries) {
      this.#api[`_luaopen_${library}` as const](this.#state)
      this.#setGlobal(library === 'base' ? '_G' : library)
    }
  }

  #runPrelude(): void {
    const isReady =
      this.#load(prelude, '=prelude') === luaStatus.ok &&
      this.#api._lua_pcallk(this.#state, 0, 0, 0, 0, 0) === luaStatus.ok
    if (isReady) return
    const top = this.#api._lua_gettop(this.#state)
    const reason = displayText(this.#api, this.#reader, this.#state, top)
    throw new Error(`the sandbox's own Lua code failed: ${reason}`)
  }

  #definePrint(): void {
    const parts = { api: this.#api, reader: this.#reader, control: this.#options.control }
    const print = this.#api.addFunction((state = 0) => printLine(parts, state), 'ii')
    this.#api._lua_pushcclosure(this.#state, print, 0)
    this.#setGlobal('print')
  }

  /** One C function for all callbacks; each closure carries its name as an upvalue. */
  #defineCallbacks(): void {
    const dispatch = this.#api.addFunction((state = 0) => this.#dispatch(state), 'ii')
    for (const name of this.#options.callbacks) {
      this.#writer.text(this.#state, name)
      this.#api._lua_pushcclosure(this.#state, dispatch, 1)
      this.#setGlobal(name)
    }
  }

  #setGlobal(name: string): void {
    withText(this.#api, name, (address) => this.#api._lua_setglobal(this.#state, address))
  }

  #dispatch(state: LuaState): number {
    const { guard, limits } = this.#options
    guard.check()
    guard.countCall()
    const name = this.#reader.text(state, firstUpvalue, 64)
    const { argumentBytes: bytes, argumentNodes: nodes, argumentDepth: depth } = limits
    const result = attempt(() => {
      const args = this.#readAll(state, { bytes, nodes, depth, what: 'argument' })
      return guard.outsideLua(() => this.#options.callHost(name, args))
    })
    guard.check()
    if (!result.ok) return this.#raise(state, `${name}: ${result.message}`)
    this.#api._lua_settop(state, 0)
    const pushed = attempt(() => this.#pushResult(state, result.value))
    return pushed.ok ? 1 : this.#raise(state, `${name}: ${pushed.message}`)
  }

  #pushResult(state: LuaState, value: Plain): void {
    const { callbackBytes, callbackNodes, callbackDepth } = this.#options.limits
    // the host has counted UTF-16 units, this counts UTF-8, of which there are up to three for one
    const budget = { bytes: callbackBytes * 3, nodes: callbackNodes, depth: callbackDepth }
    this.#writer.value(state, value, { ...budget, what: 'callback result' })
  }

  /** Raises a Lua error with the caller's position; the script may catch it. Does not return. */
  #raise(state: LuaState, message: string): number {
    this.#api._luaL_where(state, 1)
    this.#writer.text(state, message)
    this.#api._lua_concat(state, 2)
    return this.#api._lua_error(state)
  }

  #checkpoint(): void {
    this.#reportMemory()
    this.#options.guard.check()
  }

  #reportMemory(): void {
    const peakKb = Math.ceil(this.#heap.peakBytes() / 1024)
    Atomics.store(this.#options.control.words, word.memoryPeakKb, peakKb)
  }
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { ok: false; message: string }

/** Turns what a script may catch into a message; all else goes on: aborts, and Lua's longjmp. */
function attempt<T>(work: () => T): Attempt<T> {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    if (error instanceof LimitHit || error instanceof CallbackFailed) {
      return { ok: false, message: error.message }
    }
    throw error
  }
}

function toFailure(error: unknown): ThreadResult {
  if (error instanceof ScriptAborted || error instanceof LimitHit) {
    return { ok: false, code: error.code, message: error.message }
  }
  const text = error instanceof Error ? error.message : String(error)
  if (error instanceof RangeError && text.includes('call stack')) {
    return { ok: false, code: 'stack', message: 'stack overflow' }
  }
  return { ok: false, code: 'vm_crash', message: `the Lua VM failed: ${text.slice(0, 200)}` }
}
