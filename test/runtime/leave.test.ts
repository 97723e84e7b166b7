import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const fixture = fileURLToPath(new URL(`../fixtures/runtime/leave.${extension}`, import.meta.url))

describe('leaving', () => {
  it('WRK-021 after stop() nothing is left, pending calls are settled, the process ends', async () => {
    const { stdout } = await run(process.execPath, [fixture, 'stop'], { timeout: 30_000 })
    assert.deepEqual(stdout.trim().split('\n'), [
      'value 2',
      'pending ProcessDown',
      'left []',
      'later NotRunning',
    ])
  })

  it('a runtime that is not to keep the process alive does not', async () => {
    const { stdout } = await run(process.execPath, [fixture, 'unheld'], { timeout: 30_000 })
    assert.equal(stdout.trim(), 'value 2')
  })
})
