import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { insightsFile } from '../../agents/insights-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelens-insights-'))
after(() => rmSync(folder, { recursive: true }))

describe('the insights file', () => {
  it('has one JSON line for each insight, in folders that it makes', () => {
    const file = insightsFile(join(folder, 'a', 'b', 'insights.jsonl'))
    assert.equal(file.append({ id: 1, summary: 'line\nbreak' }), undefined)
    assert.equal(file.append({ id: 2 }), undefined)
    const lines = readFileSync(file.path, 'utf8').trimEnd().split('\n')
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      [{ id: 1, summary: 'line\nbreak' }, { id: 2 }],
    )
  })

  it('is followed when somebody rotates it', () => {
    const file = insightsFile(join(folder, 'rotated.jsonl'))
    file.append({ id: 1 })
    renameSync(file.path, `${file.path}.1`)
    file.append({ id: 2 })
    assert.deepEqual(JSON.parse(readFileSync(file.path, 'utf8')), { id: 2 })
  })

  it('returns what went wrong instead of throwing', () => {
    const error = insightsFile(folder).append({ id: 1 })
    assert.equal(error?.code, 'EISDIR')
  })
})
