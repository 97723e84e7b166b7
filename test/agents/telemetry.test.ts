import assert from 'node:assert/strict'
import diagnosticsChannel from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { emit, receiveForwarded, type TelemetryEvent, telemetry } from '../../agents/telemetry.ts'
import { telemetryFields } from '../../agents/telemetry-fields.ts'
import { projectRoot } from '../support/project.ts'
import { modulePath } from './support/run-program.ts'

const page = readFileSync(join(projectRoot, 'docs/telemetry.md'), 'utf8')
const wordsIn = (cell: string): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)

describe('docs/telemetry.md', () => {
  const table = new Map(
    [...page.matchAll(/^\| `([a-z-]+:[a-z-]+)`\s*\|([^|]*)\|(.*)\|$/gm)].map(
      ([, name = '', fields = '', when = '']) => [name, { fields: wordsIn(fields), when }],
    ),
  )

  it('lists the events that there are and no others', () => {
    const known = telemetry.eventNames().map((name) => name.slice('nodelens:'.length))
    const listed = Object.entries(telemetryFields).flatMap(([group, events]) =>
      Object.keys(events).map((event) => `${group}:${event}`),
    )
    assert.deepEqual([...table.keys()].sort(), known.sort())
    assert.deepEqual(listed.sort(), known)
  })

  for (const [group, events] of Object.entries(telemetryFields)) {
    for (const [event, fields] of Object.entries<readonly string[]>(events)) {
      it(`tells the fields of ${group}:${event}, and when it comes`, () => {
        const row = table.get(`${group}:${event}`)
        assert.deepEqual(row?.fields, fields)
        assert.notEqual(row?.when.trim(), '')
      })
    }
  }

  it('names for each event of beamlens events that exist', () => {
    const rows = page.slice(page.indexOf('come from beamlens')).matchAll(/^\|[^|]*\|([^|]*)\|$/gm)
    const named = [...rows].flatMap(([, cell = '']) => wordsIn(cell))
    assert.ok(named.length > 20)
    assert.deepEqual(
      named.filter((name) => !table.has(name)),
      [],
    )
  })
})

describe('telemetry', () => {
  it('calls the subscribers of one event, of its group and of all', () => {
    const heard: string[] = []
    const ends = ['run:started', 'run', '*'].map((pattern) =>
      telemetry.subscribe(pattern, ({ name }) => heard.push(`${pattern} ${name}`)),
    )
    emit('run', 'started', { runId: 'r1' })
    for (const end of ends) end()
    emit('run', 'started', { runId: 'r2' })
    assert.deepEqual(heard, [
      'run:started nodelens:run:started',
      'run nodelens:run:started',
      '* nodelens:run:started',
    ])
  })

  it('publishes on the channel itself, for tools that know nothing of nodelens', () => {
    const heard: unknown[] = []
    const listener = (message: unknown): void => void heard.push(message)
    diagnosticsChannel.subscribe('nodelens:run:ended', listener)
    emit('run', 'ended', { runId: 'r1' })
    diagnosticsChannel.unsubscribe('nodelens:run:ended', listener)
    assert.equal(heard.length, 1)
  })

  it('loses no subscriber to the garbage collector, whatever was heard and left before', async () => {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    assert.ok(typeof collect === 'function')
    telemetry.subscribe('run:resumed', () => undefined)()
    await new Promise(setImmediate)
    // the old channel is gone now, and what Node does about that comes in a turn of its own
    collect()
    const heard: string[] = []
    const end = telemetry.subscribe('run:resumed', ({ name }) => heard.push(name))
    for (let round = 0; round < 3; round++) {
      collect()
      await new Promise(setImmediate)
    }
    emit('run', 'resumed', { runId: 'r1' })
    end()
    assert.deepEqual(heard, ['nodelens:run:resumed'])
  })

  const broken: [string, () => unknown][] = [
    ['throws', () => assert.fail('listener broke')],
    ['rejects', () => Promise.reject(new Error('listener broke'))],
  ]
  for (const [what, listener] of broken) {
    it(`reports a subscriber that ${what} instead of crashing the publisher`, async () => {
      const failures: TelemetryEvent[] = []
      const ends = [
        telemetry.subscribe('run:started', listener as () => void),
        telemetry.subscribe('telemetry:listener-failed', (event) => failures.push(event)),
      ]
      emit('run', 'started')
      await new Promise(setImmediate)
      for (const end of ends) end()
      assert.deepEqual(
        failures.map(({ data }) => data['message']),
        ['listener broke'],
      )
    })
  }

  it('names the nearest event for one that does not exist', () => {
    assert.throws(
      () => telemetry.subscribe('coordinator:insight-producd', () => undefined),
      /did you mean "coordinator:insight-produced"/,
    )
  })

  it('refuses a listener that is no function', () => {
    // @ts-expect-error a listener is a function
    assert.throws(() => telemetry.subscribe('*', 'log'), TypeError)
  })

  it('hears what worker threads emit', async () => {
    const end = receiveForwarded()
    try {
      const heard = new Promise<TelemetryEvent>((resolve) => {
        const stop = telemetry.subscribe('operator:executed', (event) => {
          stop()
          resolve(event)
        })
      })
      const url = modulePath(import.meta, '../../agents/telemetry')
      const code = `import(${JSON.stringify(url)}).then(({ emit }) => emit('operator', 'executed', { ok: true }))`
      const worker = new Worker(code, { eval: true })
      const timeout = setTimeout(() => void worker.terminate(), 20_000)
      const event = await heard
      clearTimeout(timeout)
      await worker.terminate()
      assert.equal(event.data['ok'], true)
    } finally {
      end()
    }
  })

  it('keeps data that cannot be cloned in its own thread without failing', () => {
    const heard: TelemetryEvent[] = []
    const end = telemetry.subscribe('run:started', (event) => heard.push(event))
    emit('run', 'started', { reason: () => undefined })
    end()
    assert.equal(heard.length, 1)
  })
})
