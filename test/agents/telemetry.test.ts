import assert from 'node:assert/strict'
import diagnosticsChannel from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { emit, receiveForwarded, type TelemetryEvent, telemetry } from '../../agents/telemetry.ts'
import { projectRoot } from '../support/project.ts'
import { modulePath } from './support/run-program.ts'

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

  it('has a table of its events that tells all of them and no others', () => {
    const page = readFileSync(join(projectRoot, 'docs/events.md'), 'utf8')
    const told = [...page.matchAll(/^\| `([a-z-]+:[a-z-]+)`/gm)].map(
      ([, name]) => `nodelens:${name}`,
    )
    assert.deepEqual(told.sort(), telemetry.eventNames().sort())
  })

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
    emit('run', 'started', { callback: () => undefined })
    end()
    assert.equal(heard.length, 1)
  })
})
