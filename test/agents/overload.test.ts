import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Insight } from '../../agents/vocabulary/insight.ts'
import { linesOf, modulePath, runProgram } from './support/run-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelens-overload-'))
after(() => rmSync(folder, { recursive: true }))

describe('an actor of the application that is flooded', () => {
  it('is named, with the messages that wait', async () => {
    const file = join(folder, 'insights.jsonl')
    const register = pathToFileURL(modulePath(import.meta, '../../agents/register')).href
    const app = modulePath(import.meta, '../fixtures/overload/mailbox-app')
    const { stderr } = await runProgram(['--import', register, app], {
      env: { NODELENS_INSIGHTS_FILE: file },
      timeoutMs: 90_000,
    })
    assert.equal(stderr, '')
    const [insight] = linesOf<Insight>(readFileSync(file, 'utf8'))
    assert.match(
      insight?.summary ?? '',
      /mailbox of the actor mailer \(<[\d.]+>\) holds \d{4,} messages/,
    )
    assert.match(insight?.rootCauseHypothesis ?? '', /faster than it handles them/)
  })
})
