import { type Control, word } from './control.ts'
import { appendLog } from './log-buffer.ts'
import { type LuaApi, type LuaState, luaType } from './lua-module.ts'
import type { LuaReader } from './lua-reader.ts'

const longestText = 4096
const mostArguments = 32

/** The script's `print`: one line of the log. Tables as JSON; `__tostring` is never run. */
export function printLine(
  { api, reader, control }: { api: LuaApi; reader: LuaReader; control: Control },
  state: LuaState,
): number {
  if (Atomics.load(control.words, word.logCut) === 1) return 0
  const count = Math.min(api._lua_gettop(state), mostArguments)
  const parts = Array.from({ length: count }, (_, index) =>
    displayText(api, reader, state, index + 1),
  )
  appendLog(control, parts.join('\t'))
  return 0
}

/** A value as people and models read it: the message of an error, an argument of `print`. */
export function displayText(
  api: LuaApi,
  reader: LuaReader,
  state: LuaState,
  index: number,
): string {
  const type = api._lua_type(state, index)
  if (type === luaType.string) return reader.text(state, index, longestText)
  if (type === luaType.nil) return 'nil'
  try {
    const budget = { bytes: longestText, nodes: 200, depth: 6, what: 'value' }
    const value = reader.value(state, index, budget)
    return typeof value === 'object' ? JSON.stringify(value) : String(value)
  } catch {
    // only a LimitHit can come from reading
    return '<table>'
  }
}
