'use strict'
/** A PostgreSQL for one run: the machine's own where there is one, else PGlite behind a socket. */
const { spawn, spawnSync } = require('node:child_process')
const { chmodSync, mkdtempSync, readFileSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')

const port = Number(process.env.DEP_PORT)
const isRoot = process.getuid?.() === 0

/** PostgreSQL refuses to run as root. */
function asOwner(command) {
  return isRoot ? ['su', ['postgres', '-s', '/bin/sh', '-c', command]] : ['sh', ['-c', command]]
}

function hasServer() {
  const wanted = `command -v initdb && command -v postgres${isRoot ? ' && id postgres' : ''}`
  return spawnSync('sh', ['-c', wanted], { stdio: 'ignore' }).status === 0
}

async function startServer(schema) {
  const folder = mkdtempSync(join(tmpdir(), 'incident-pg-'))
  chmodSync(folder, 0o777)
  const data = join(folder, 'data')
  const made = spawnSync(...asOwner(`initdb -D ${data} -U postgres -A trust --no-sync`), {
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)
  const settings = `-c fsync=off -c synchronous_commit=off -c shared_preload_libraries=pg_stat_statements`
  const server = spawn(
    ...asOwner(`exec postgres -D ${data} -p ${port} -h 127.0.0.1 -k ${folder} ${settings}`),
    { stdio: 'ignore' },
  )
  process.on('SIGTERM', () => {
    try {
      const [pid] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
      process.kill(Number(pid), 'SIGINT')
    } catch {
      server.kill('SIGINT')
    }
    setTimeout(() => {
      rmSync(folder, { recursive: true, force: true })
      process.exit(0)
    }, 700)
  })
  await applySchema(`create extension if not exists pg_stat_statements; ${schema}`)
}

async function applySchema(schema) {
  const { Client } = require('pg')
  for (let attempt = 1; ; attempt += 1) {
    const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
    try {
      await client.connect()
      await client.query(schema)
      return await client.end()
    } catch (error) {
      await client.end().catch(() => {})
      if (attempt === 100) throw error
      await delay(100)
    }
  }
}

async function startEmbedded(schema) {
  const { PGlite } = require('@electric-sql/pglite')
  const { PGLiteSocketServer } = require('@electric-sql/pglite-socket')
  const db = await PGlite.create()
  await db.exec(schema)
  await new PGLiteSocketServer({ db, port, host: '127.0.0.1', maxConnections: 60 }).start()
}

/** Starts it with this schema, and says READY. */
module.exports.serve = async (schema) => {
  if (process.env.BENCH_PG !== 'pglite' && hasServer()) await startServer(schema)
  else await startEmbedded(schema)
  console.log('READY')
}
