import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterEach, describe, it } from 'node:test'
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
    one.child.kill('SIGTERM')
    one.child.kill('SIGINT')
    assert.deepEqual(await one.ended, [null, 'SIGKILL'])
    assert.match(one.errors, /^nodelens: \w+ came again/)
  })
})
