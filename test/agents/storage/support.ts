import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { Owner } from '../../../agents/storage/sessions.ts'

/** A folder that is gone after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nodelens-journal-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function ownerOf(id: string, changes: Partial<Owner> = {}): Owner {
  return { id, pid: process.pid, host: 'here', application: '/srv/shop.js', ...changes }
}
