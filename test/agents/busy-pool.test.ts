import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { linesOf, modulePath, runProgram } from './support/run-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelens-pool-'))
after(() => rmSync(folder, { recursive: true }))

describe('while every thread of the thread pool is taken', () => {
  it('an operator starts, looks, runs Lua and says so', async () => {
    const path = modulePath(import.meta, './fixtures/busy-pool')
    const { stdout, stderr } = await runProgram([path, folder], {
      env: { UV_THREADPOOL_SIZE: '1' },
    })
    const [told] = linesOf<{ types: readonly string[]; isOpen: boolean }>(stdout)
    assert.deepEqual(told, { types: ['vm_threadPoolLatencyMs'], isOpen: false }, stderr)
  })
})
