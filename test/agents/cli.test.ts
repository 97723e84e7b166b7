// run alone: it opens the inspector's fixed port
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { coordinatorResultSchema } from '../../agents/index.ts'

const command = fileURLToPath(new URL('../../agents/cli/main.js', import.meta.url))
const fixture = fileURLToPath(new URL('./fixtures/knows-nothing.js', import.meta.url))

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function nodelens(...argv: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [command, ...argv],
      { timeout: 90_000 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    )
  })
}

async function application(how: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [fixture, how], { stdio: ['ignore', 'pipe', 'ignore'] })
  assert.ok(child.stdout)
  await once(child.stdout, 'data')
  return child
}

describe('nodelens, the command', () => {
  it('says how it is used', async () => {
    const { code, stdout } = await nodelens('--help')
    assert.equal(code, 0)
    assert.match(stdout, /nodelens investigate <pid>/)
  })

  const wrong: readonly [readonly string[], RegExp][] = [
    [['investigat', '1'], /did you mean 'investigate'/],
    [['investigate', 'x'], /expected a process id, got 'x'/],
    [['investigate', '1', '--deadline', '0'], /expected 1 to 3600 seconds/],
    [['investigate', '1', '--jsno'], /--jsno/],
    [['top', 'nowhere'], /expected the observer's address/],
  ]
  for (const [argv, expected] of wrong) {
    it(`refuses ${argv.join(' ')}`, async () => {
      const { code, stderr } = await nodelens(...argv)
      assert.equal(code, 2)
      assert.match(stderr, expected)
    })
  }

  it('says that there is no such process', async () => {
    const { code, stderr } = await nodelens('investigate', '4194303')
    assert.equal(code, 1)
    assert.match(stderr, /there is no such process/)
  })

  it('finds the loop of a process that is stuck already', async () => {
    const stuck = await application('stuck')
    try {
      const { code, stdout } = await nodelens(
        'investigate',
        String(stuck.pid),
        '--reason',
        'it hangs',
        '--deadline',
        '40',
        '--json',
      )
      const { insights } = v.parse(coordinatorResultSchema, JSON.parse(stdout))
      assert.equal(insights[0]?.location?.function.split('.').at(-1), 'spinForEver')
      assert.match(insights[0]?.location?.file ?? '', /knows-nothing/)
      assert.equal(code, 3)
    } finally {
      stuck.kill('SIGKILL')
    }
  })

  it('finds nothing in a process that is well, and leaves it as it was', async () => {
    const idle = await application('idle')
    try {
      const threads = (): number => readdirSync(`/proc/${idle.pid}/task`).length
      const before = threads()
      const { code, stdout } = await nodelens('investigate', String(idle.pid), '--deadline', '40')
      assert.equal(stdout, 'Nothing was found.\n')
      assert.equal(code, 0)
      for (let looks = 0; looks < 200 && threads() > before + 1; looks++) {
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      // The inspector's own thread, which SIGUSR1 has started, stays.
      assert.ok(threads() <= before + 1, `${threads()} threads, ${before} before`)
    } finally {
      idle.kill('SIGKILL')
    }
  })

  it('shows a tree, and says so when there is no observer', async () => {
    const tree = [
      {
        id: 'root\u001b[2J',
        pid: '<1.1>',
        thread: { ordinal: 1, name: 'root' },
        status: 'waiting',
        mailbox: 0,
        handled: 7,
        restarts: 0,
        children: [],
      },
    ]
    const server = createServer((_request, response) => response.end(JSON.stringify({ tree })))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    const url = `http://127.0.0.1:${address.port}`
    try {
      const shown = await nodelens('top', url, '--once')
      assert.match(shown.stdout, /root\[2J +<1\.1>/)
    } finally {
      server.close()
      server.closeAllConnections()
    }
    const { code, stderr } = await nodelens('top', url, '--once')
    assert.equal(code, 1)
    assert.match(stderr, /No observer answers/)
  })
})
