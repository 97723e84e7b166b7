import type { LuaApi, LuaState } from './lua-module.ts'

const encoder = new TextEncoder()
/** Allocations above this, and every 1024th of the others, look at the clock. */
const largeBytes = 65_536
const pollMask = 1023

/** The Lua heap's account. */
export interface HeapMeter {
  peakBytes(): number
}

/**
 * Gives the VM an allocator with a hard cap. It also polls: allocation-heavy C loops and swarms of
 * short coroutines run for seconds without reaching the count hook.
 */
export function limitMemory(
  api: LuaApi,
  state: LuaState,
  options: { usedBytes: number; maxBytes: number; poll: () => void },
): HeapMeter {
  let used = options.usedBytes
  let peak = used
  let tick = 0
  // lua_Alloc: (userData, block, oldSize, newSize); without a block oldSize is a type tag
  const allocate = (_userData = 0, block = 0, oldSize = 0, newSize = 0): number => {
    const held = block === 0 ? 0 : oldSize
    if (newSize === 0) {
      used -= held
      if (block !== 0) api._free(block)
      return 0
    }
    const next = used - held + newSize
    if (newSize > held) {
      if (next > options.maxBytes) return 0
      tick += 1
      if (newSize > largeBytes || (tick & pollMask) === 0) options.poll()
    }
    const moved = api._realloc(block, newSize)
    if (moved === 0) return 0
    used = next
    if (used > peak) peak = used
    return moved
  }
  api._lua_setallocf(state, api.addFunction(allocate, 'iiiii'), 0)
  return { peakBytes: () => peak }
}

/** Lends bytes to the VM, outside of the Lua heap, for the length of one call. */
export function withBytes<T>(
  api: LuaApi,
  bytes: Uint8Array,
  use: (address: number, length: number) => T,
): T {
  const address = api._malloc(bytes.length + 1)
  if (address === 0) throw new Error('the wasm memory is exhausted')
  api.HEAPU8.set(bytes, address)
  api.HEAPU8[address + bytes.length] = 0
  try {
    return use(address, bytes.length)
  } finally {
    api._free(address)
  }
}

/** The same for text, as a C string. */
export function withText<T>(
  api: LuaApi,
  text: string,
  use: (address: number, length: number) => T,
): T {
  return withBytes(api, encoder.encode(text), use)
}
