/** Ways around the guards that the corpus does not try. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createSandbox, type FailureCode } from '../../sandbox/index.ts'

const attempts: readonly (readonly [string, string, readonly (FailureCode | 'ok')[]])[] = [
  [
    'a __len that a __metatable hides',
    'table.insert(setmetatable({}, {__len=function() return 2^53 end, __metatable={}}), 1, 1)',
    ['runtime'],
  ],
  [
    'a tonumber that lies to the guard of string.rep',
    'tonumber = function() return 1 end return #string.rep("", 1e15)',
    ['runtime'],
  ],
  [
    'a move whose range overflows',
    'table.move({}, math.mininteger, math.maxinteger, 1)',
    ['runtime'],
  ],
  ['the metatable of strings', 'getmetatable("").__index = nil', ['runtime']],
  ['the prelude’s debug library', 'return debug == nil and _G.debug == nil', ['ok']],
  ['a flood of print', 'while true do print(("x"):rep(100)) end', ['timeout']],
  ['a flood of empty prints', 'while true do print() end', ['timeout']],
  ['a million results', 'return table.unpack({}, 1, 9e5)', ['too_many_nodes', 'runtime']],
  ['endless recursion', 'local function f() return 1 + f() end return f()', ['runtime', 'memory']],
  [
    'a pattern that nests too deep',
    'return ("x"):rep(4e5):match(("("):rep(40) .. ("x?"):rep(2e4))',
    ['runtime'],
  ],
  [
    'an error whose __tostring loops',
    'error(setmetatable({}, {__tostring=function() while true do end end}))',
    ['runtime'],
  ],
  [
    'a print whose __tostring and __name loop',
    'print(setmetatable({}, {__tostring=function() while true do end end, __name="x"}))',
    ['ok'],
  ],
  [
    'a coroutine that outlives its abort',
    'co = coroutine.create(function() while true do end end) while true do pcall(coroutine.resume, co) end',
    ['timeout'],
  ],
]

describe('the guards hold against', async () => {
  const sandbox = await createSandbox({ maxThreads: 2 })
  after(() => sandbox.stop())
  for (const [what, script, allowed] of attempts) {
    it(what, async () => {
      // Only who waits for the clock has little of it: another outcome is not to depend on the machine.
      const cpuMs = allowed.every((code) => code.includes('timeout')) ? 400 : 10_000
      const outcome = await sandbox.run(script, { limits: { cpuMs } })
      const got = outcome.ok ? 'ok' : outcome.code
      assert.ok(allowed.includes(got), JSON.stringify(outcome).slice(0, 300))
      const canary = await sandbox.run('return ("x"):rep(3) .. #table.pack(1, 2)')
      assert.equal(canary.ok && canary.value, 'xxx2')
    })
  }
})
