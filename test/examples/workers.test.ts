import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { blur, decode, encode, type Picture, reduce, rings } from '../../examples/workers/image.ts'
import { modulePath } from '../support/project.ts'

describe('the example of supervised workers', () => {
  let program: ChildProcess
  const lines: string[] = []
  let tree: unknown
  let code: unknown

  /** It develops its orders, serves until its tree was read, and is told to end. */
  before(async () => {
    const path = modulePath('examples/workers/main')
    program = spawn(process.execPath, [path, '--orders', '10', '--serve'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(program, 'close')
    assert.ok(program.stdout)
    for await (const line of createInterface({ input: program.stdout })) {
      lines.push(line)
      if (!line.startsWith('serving')) continue
      const url = lines[0]?.replace('the tree, live: ', '') ?? ''
      const response = await fetch(new URL('api/v1/tree', url))
      tree = await response.json()
      program.kill('SIGTERM')
    }
    ;[code] = await ended
  })
  after(() => program.kill('SIGKILL'))

  it('develops every picture, and fails every faulty file', () => {
    assert.match(lines.join('\n'), /^10 developed, 3 failed, \d+ times told to come again$/m)
  })

  it('tells of each faulty file what it did', () => {
    const text = lines.join('\n')
    assert.match(text, /^corrupt: failed: error: RangeError: not a picture/m)
    assert.match(text, /^bomb: failed: out_of_memory {"limitMb":64}$/m)
    assert.match(
      text,
      /^endless: failed: stuck for \d+ ms at decode \(.*image\.(js|ts):\d+:\d+\)$/m,
    )
  })

  it('tells customers who come too fast to come again', () => {
    const times = Number(/(\d+) times told/.exec(lines.join('\n'))?.[1])
    assert.ok(times > 0, `${times} times`)
  })

  it('shows its tree on the observer, with what was restarted', () => {
    const text = JSON.stringify(tree)
    for (const id of ['darkroom', 'queue', 'developers', 'developer-1', 'developer-2']) {
      assert.ok(text.includes(`"id":"${id}"`), `${id} is in the tree`)
    }
    assert.match(text, /"restarts":[1-9]/)
  })

  it('ends in order when it is told to', () => assert.equal(code, 0))
})

describe('the pictures of the example', () => {
  const pictures = fc
    .record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) })
    .chain(({ width, height }) =>
      fc
        .uint8Array({ minLength: 3 * width * height, maxLength: 3 * width * height, max: 2 })
        .map((pixels): Picture => ({ width, height, pixels })),
    )

  it('are what they were after encode and decode', () => {
    fc.assert(
      fc.property(pictures, (picture) => assert.deepEqual(decode(encode(picture)), picture)),
      { numRuns: 50 },
    )
  })

  it('keep their colour when they are blurred and have only one', () => {
    const pixels = new Uint8Array(300).fill(200)
    const { pixels: blurred } = blur({ width: 10, height: 10, pixels }, 3)
    assert.ok(blurred.every((value) => Math.abs(value - 200) <= 1))
  })

  it('become smaller by the factor, each pixel the mean of its block', () => {
    const pixels = Uint8Array.from([0, 0, 0, 100, 100, 100, 50, 50, 50, 50, 50, 50])
    const small = reduce({ width: 2, height: 2, pixels }, 2)
    assert.deepEqual(small, { width: 1, height: 1, pixels: Uint8Array.from([50, 50, 50]) })
  })

  it('get softer edges by a blur', () => {
    const picture = rings(64, 64, 1)
    const steps = ({ pixels }: Picture): number =>
      pixels.reduce((sum, value, at) => sum + (value - (pixels[at - 3] ?? value)) ** 2, 0)
    assert.ok(steps(blur(picture, 3)) < steps(picture) / 2)
  })
})
