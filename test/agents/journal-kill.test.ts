import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { JournalFile } from '../../agents/storage/journal-file.ts'
import { ownerOf, temporaryFolder } from './storage/support.ts'
import { modulePath } from './support/run-program.ts'

const folder = temporaryFolder()
const writer = modulePath(import.meta, './fixtures/journal-writer-program')
const wholeJournal = modulePath(import.meta, './fixtures/journal-program')
/** Longer than any program here lives, on a machine that is shared by many. */
const patienceMs = 20_000

interface Life {
  readonly runId: string
  /** Ids that it had answered for when it died. */
  readonly acknowledged: readonly string[]
  readonly stderr: string
}

/** Runs a program until a moment after its first answer, or after its start, and kills it with -9. */
function live(program: string, path: string, id: string, killAfterMs: number): Promise<Life> {
  const isEarly = killAfterMs < 0
  const child = spawn(process.execPath, [program, path, id], { stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = (ms: number): void => void setTimeout(() => child.kill('SIGKILL'), ms)
  kill(isEarly ? -killAfterMs : patienceMs)
  if (!isEarly) child.stdout.once('data', () => kill(killAfterMs))
  return told(child).then(({ stdout, stderr }) => {
    // The last line may be cut off: an answer that was not told to the end is none.
    const acknowledged = stdout.split('\n').slice(0, -1)
    return { runId: `run${id}`, acknowledged, stderr }
  })
}

function told(child: ChildProcess): Promise<{ stdout: string; stderr: string }> {
  const output = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve(output))
  })
}

/** What a new process finds in the file of those lives. */
function found(path: string, lives: readonly Life[]) {
  const file = new JournalFile(path, ownerOf('reader'), Date.now())
  try {
    return lives.map(({ runId, acknowledged }) => {
      const records = file.recordsOf(runId)
      const ids = new Set(
        records.flatMap((record) =>
          record.type === 'notification' ? [record.notification.id] : [],
        ),
      )
      return { lost: acknowledged.filter((id) => !ids.has(id)), ids }
    })
  } finally {
    file.close()
  }
}

/** From a seed, so that a failure can be repeated: https://en.wikipedia.org/wiki/Linear_congruential_generator */
function randomFrom(seed: number): (most: number) => number {
  let state = seed
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * most)
  }
}

describe('kill -9 of a process that writes its journal', () => {
  it('loses no notification that was answered for, in a hundred lives on one file', async () => {
    const path = join(folder, 'hundred.db')
    const random = randomFrom(20_261_124)
    const lives: Life[] = []
    while (lives.length < 100) {
      // Two at a time share the file. Every tenth is killed while it starts, opens or makes the file.
      const ids = [lives.length, lives.length + 1]
      const moment = (id: number): number => (id % 10 === 0 ? -1 - random(150) : random(25))
      lives.push(
        ...(await Promise.all(ids.map((id) => live(writer, path, String(id), moment(id))))),
      )
    }
    assert.deepEqual(
      lives.flatMap(({ stderr }) => stderr || []),
      [],
    )
    const late = lives.filter((_, index) => index % 10 !== 0)
    assert.ok(
      late.every(({ acknowledged }) => acknowledged.length > 0),
      'every late life wrote',
    )
    assert.deepEqual(
      found(path, lives).flatMap(({ lost }) => lost),
      [],
    )
  })

  it('loses none over the whole way from an actor to the file', async () => {
    const path = join(folder, 'whole.db')
    const random = randomFrom(4)
    for (let index = 0; index < 4; index += 1) {
      const life = await live(wholeJournal, path, String(index), random(40))
      assert.ok(life.acknowledged.length > 0, life.stderr)
      assert.deepEqual(found(path, [life])[0]?.lost, [])
    }
  })
})
