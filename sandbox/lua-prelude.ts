/**
 * Lua code that runs before any script, in the fresh VM: it puts guards before the library
 * functions that could spin inside C, and removes what loads code or reaches out of the VM. The
 * guards hold what they need in locals, so a script that overwrites globals does not reach them.
 */
export const prelude = `
local type, error, rawget, tonumber = type, error, rawget, tonumber
local string, table, os = string, table, os
local metatableOf = debug.getmetatable
local plainSet, plainRep = setmetatable, string.rep
local plainMove, plainInsert, plainRemove = table.move, table.insert, table.remove

-- A finaliser runs with hooks off (lgc.c, GCTM), so a loop in it could not be stopped. Lua looks
-- for __gc only when the metatable is set, and only raw.
function setmetatable(object, metatable)
  if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
    error("__gc metamethods are not allowed", 2)
  end
  return plainSet(object, metatable)
end

-- These loop in C without allocating and without an instruction of the VM.
function string.rep(text, count, separator)
  local number = tonumber(count)
  if number and number > 1e8 then error("resulting string too large", 2) end
  return plainRep(text, count, separator)
end

function table.move(from, first, last, at, to)
  local low, high = tonumber(first), tonumber(last)
  if low and high and (high + 0.0) - low > 1e7 then error("too many elements to move", 2) end
  if to == nil then return plainMove(from, first, last, at) end
  return plainMove(from, first, last, at, to)
end

local function refuseOwnLength(list)
  local metatable = type(list) == "table" and metatableOf(list)
  if metatable and rawget(metatable, "__len") ~= nil then
    error("tables with __len are not supported here", 3)
  end
end

function table.insert(list, ...)
  refuseOwnLength(list)
  return plainInsert(list, ...)
end

function table.remove(list, ...)
  refuseOwnLength(list)
  return plainRemove(list, ...)
end

metatableOf("").__metatable = false
string.dump = nil
_G.os = { time = os.time, clock = os.clock, date = os.date, difftime = os.difftime }
for _, name in ipairs { "collectgarbage", "dofile", "load", "loadfile", "require", "package", "io",
                        "debug", "warn", "print" } do
  _G[name] = nil
end
`

/** The globals of a script, callbacks and `print` aside. */
export const luaGlobals: readonly string[] = (
  '_G _VERSION assert coroutine error getmetatable ipairs math next os pairs pcall print rawequal ' +
  'rawget rawlen rawset select setmetatable string table tonumber tostring type utf8 xpcall'
).split(' ')

/** Reserved words of Lua 5.4 (manual, 3.1). */
export const luaKeywords: readonly string[] = (
  'and break do else elseif end false for function goto if in local nil not or repeat return ' +
  'then true until while'
).split(' ')
