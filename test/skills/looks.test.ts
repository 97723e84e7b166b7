import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

describe('looking at main', () => {
  it('leaves its next ticks alive, wherever it is looked at', async () => {
    const app = fileURLToPath(
      new URL(`../fixtures/skills/looked-at${extname(import.meta.url)}`, import.meta.url),
    )
    const child = spawn(process.execPath, [app], { stdio: 'ignore', timeout: 90_000 })
    const [code] = await once(child, 'exit')
    assert.equal(code, 0)
  })
})
