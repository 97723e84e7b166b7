// A private PostgreSQL for tests: the machine's own if there is one.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import pg from 'pg'

/** Generous: the machine has two cores and other work. */
const START_MS = 60_000

export interface Database {
  readonly url: string
  stop(): Promise<void>
}

/** Why there is no PostgreSQL to test with; undefined when there is one. `.ci/services/postgres.sh` installs it. */
export function postgresMissing(): string | undefined {
  if (binFolder() === undefined) return 'needs PostgreSQL (initdb and postgres on the machine)'
  const isRoot = process.getuid?.() === 0
  return isRoot && postgresUser() === undefined
    ? 'needs a user "postgres": PostgreSQL refuses to run as root'
    : undefined
}

/** Starts a server of its own in a temporary folder, on a free port of the loopback. */
export async function startPostgres(): Promise<Database> {
  const bin = binFolder()
  if (bin === undefined) throw new Error('there is no PostgreSQL')
  const folder = mkdtempSync(join(tmpdir(), 'nodelens-pg-'))
  const user = process.getuid?.() === 0 ? postgresUser() : undefined
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const identity = user ?? {}
  const data = join(folder, 'data')
  const made = spawnSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-N'], {
    ...identity,
    cwd: folder,
    encoding: 'utf8',
    timeout: START_MS,
  })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const port = await freePort()
  const settings = ['fsync=off', 'shared_buffers=16MB', 'max_connections=60']
  const child = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', folder].concat(
      settings.flatMap((setting) => ['-c', setting]),
    ),
    { ...identity, cwd: folder, stdio: 'ignore' },
  )
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  await waitFor(url, child)
  return {
    url,
    stop: async () => {
      const ended = once(child, 'exit')
      // SIGQUIT: immediate shutdown, whoever is still connected.
      if (child.exitCode === null && child.kill('SIGQUIT')) await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function waitFor(url: string, child: ChildProcess): Promise<void> {
  const until = Date.now() + START_MS
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      if (child.exitCode !== null || Date.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

function binFolder(): string | undefined {
  const versions = '/usr/lib/postgresql'
  const packaged = existsSync(versions)
    ? readdirSync(versions)
        .sort((left, right) => Number(right) - Number(left))
        .map((version) => join(versions, version, 'bin'))
    : []
  const folders = [
    process.env['PG_BIN'] ?? '',
    ...packaged,
    ...(process.env['PATH'] ?? '').split(delimiter),
  ]
  return folders.find(
    (folder) =>
      folder !== '' && existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  )
}

function postgresUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (!existsSync('/etc/passwd')) return undefined
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
