import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, open, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Keeps every thread of the pool until the returned function is called. */
export function holdPool(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'nodelens-pool-'))
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const size = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)
  // opening a pipe to read waits until somebody opens it to write
  for (let index = 0; index < size; index += 1)
    open(pipe, 'r', (_error, descriptor) => closeSync(descriptor))
  return () => {
    closeSync(openSync(pipe, 'r+'))
    rmSync(folder, { recursive: true })
  }
}
