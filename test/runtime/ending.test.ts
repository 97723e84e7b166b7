import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterEach, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const program = fileURLToPath(new URL(`../fixtures/runtime/ending.${extension}`, import.meta.url))

/** The program, its lines and its end. */
class Program {
  readonly child: ChildProcess
  readonly lines: string[] = []
  readonly ended: Promise<unknown[]>
  errors = ''
  readonly #waiting = new Set<() => void>()

  constructor(how: string) {
    this.child = spawn(process.execPath, [program, how], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.ended = once(this.child, 'close')
    const { stdout, stderr } = this.child
    assert.ok(stdout && stderr)
    createInterface({ input: stdout }).on('line', (line) => {
      this.lines.push(line)
      for (const look of this.#waiting) look()
    })
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
  }

  async says(line: string): Promise<void> {
    if (this.lines.includes(line)) return
    await new Promise<void>((resolve, reject) => {
      this.child.once('close', () => reject(new Error(`it ended without '${line}'`)))
      this.#waiting.add(() => {
        if (this.lines.includes(line)) resolve()
      })
    })
  }
}

/** Waits until a thread of the process has had 100 ms more of a CPU: it has gone into its long call. */
async function isComputing(pid: number | undefined): Promise<void> {
  const before = cpuNsByThread(pid)
  const hasRun = ([thread, ns]: [string, number]): boolean =>
    ns - (before.get(thread) ?? 0) > 100_000_000
  const deadline = Date.now() + 30_000
  while (![...cpuNsByThread(pid)].some(hasRun)) {
    assert.ok(Date.now() < deadline, 'no thread of it computes')
    await setTimeout(5)
  }
}

function cpuNsByThread(pid: number | undefined): Map<string, number> {
  const threads = readdirSync(`/proc/${pid}/task`)
  const read = (thread: string): number =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  return new Map(threads.map((thread) => [thread, read(thread)]))
}

describe('a program that is told to end', () => {
  let running: Program | undefined
  afterEach(() => running?.child.kill('SIGKILL'))

  const start = (how: string): Program => {
    running = new Program(how)
    return running
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`by ${signal} ends its children from last to first, then with code 0`, async () => {
      const one = start('in order')
      await one.says('ready')
      one.child.kill(signal)
      assert.deepEqual(await one.ended, [0, null])
      assert.deepEqual(one.lines, ['ready', 'terminates second', 'terminates first'])
      assert.equal(one.errors, '')
    })
  }

  it('and cannot in time says who was left, on stderr and as a report, and fails', async () => {
    const one = start('never in time')
    await one.says('ready')
    one.child.kill('SIGTERM')
    assert.deepEqual(await one.ended, [128 + 15, null])
    assert.match(
      one.errors,
      /^nodelens: SIGTERM came, and these had not ended in time: first <\d+\.\d+>\./,
    )
    assert.ok(one.lines.includes('report 1'), one.lines.join())
  })

  it('ends at the second signal, whatever still has time', async () => {
    const one = start('never')
    await one.says('ready')
    one.child.kill('SIGTERM')
    await one.says('terminates first')
    one.child.kill('SIGINT')
    assert.deepEqual(await one.ended, [128 + 2, null])
    assert.match(one.errors, /^nodelens: SIGINT came again/)
  })

  it('ends at the second signal also while native code holds a thread', async () => {
    const one = start('native')
    await one.says('blocks')
    await isComputing(one.child.pid)
    one.child.kill('SIGTERM')
    one.child.kill('SIGINT')
    assert.deepEqual(await one.ended, [null, 'SIGKILL'])
    assert.match(one.errors, /^nodelens: \w+ came again/)
  })
})
