import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  Coordinator,
  defineSkill,
  start,
  type TelemetryEvent,
  telemetry,
} from '../../agents/index.ts'
import { telemetryFields } from '../../agents/telemetry-fields.ts'

const cache = defineSkill({
  id: 'cache',
  title: 'Cache',
  description: 'Hit rate of the cache.',
  systemPrompt: 'A hit rate above 95 % is normal.',
  snapshot: () => ({ hitRatePct: 42 }),
  callbacks: { cache_slow: { doc: 'Slow keys.', run: () => [{ key: 'users', slow: true }] } },
  watch: [
    {
      metric: 'hitRatePct',
      below: 90,
      severity: 'warning',
      observation: 'Hit rate is {value} %',
      hypothesis: 'Keys expire too early',
    },
  ],
  drilldown: [
    {
      id: 'slow',
      code: 'return cache_slow()',
      rows: [{ field: 'slow', equals: true }],
      notify: { type: 'slow_key', severity: 'info', context: 'x', observation: '{key} is slow' },
    },
  ],
})

describe('the events of an investigation', () => {
  const heard: TelemetryEvent[] = []
  const named = (name: string): TelemetryEvent[] =>
    heard.filter(({ group, event }) => `${group}:${event}` === name)
  const fieldsOf = (name: string, field: string): unknown[] =>
    named(name).map(({ data }) => data[field])
  const sorted = (name: string, field: string): string[] => fieldsOf(name, field).map(String).sort()
  let runId = ''

  before(async () => {
    const ended = new Promise<void>((resolve) => {
      telemetry.subscribe('*', (event) => {
        heard.push(event)
        if (event.event === 'ended' && event.data['agent'] === 'coordinator') resolve()
      })
    })
    const lens = await start({ skills: [cache], model: 'rules' })
    after(() => lens.stop())
    const result = await Coordinator.run({ reason: 'slow' }, { deadlineMs: 30_000 })
    runId = result.runId
    // nothing of nodelens holds the process while its last event is on its way
    const hold = setTimeout(() => {}, 30_000)
    await ended
    clearTimeout(hold)
  })

  it('carry no fields but those that are listed', () => {
    const known: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> =
      telemetryFields
    const unlisted = heard.flatMap(({ group, event, data }) =>
      Object.keys(data)
        .filter((field) => field !== 'at' && known[group]?.[event]?.includes(field) !== true)
        .map((field) => `${group}:${event} ${field}`),
    )
    assert.deepEqual([...new Set(unlisted)], [])
  })

  it('carry the id of the run, whoever emits them', () => {
    const groups = ['run', 'coordinator', 'operator', 'tool', 'model']
    const ids = heard.filter(({ group }) => groups.includes(group)).map(({ data }) => data['runId'])
    assert.ok(ids.length > 20, String(ids.length))
    assert.deepEqual([...new Set(ids)], [runId])
  })

  it('tell of each question to the model what came of it', () => {
    const asked = sorted('model:asked', 'question')
    assert.ok(asked.length > 4)
    assert.deepEqual(sorted('model:answered', 'question'), asked)
  })

  it('tell who asked, what it cost and who spoke', () => {
    const { agent, operator, skill, model, usage } =
      named('model:answered').find(({ data }) => data['skill'] === 'cache')?.data ?? {}
    assert.deepEqual(
      { agent, operator, model, skill },
      { agent: 'operator', operator: `${runId}.cache.1`, model: 'rules', skill: 'cache' },
    )
    assert.deepEqual(usage, {
      inputTokens: 0,
      outputTokens: 0,
      reasoningTokens: 0,
      cachedTokens: 0,
      costUsd: 0,
    })
  })

  it('tell the beginning and the end of each tool', () => {
    assert.deepEqual([...new Set(sorted('tool:started', 'tool'))], ['execute', 'take_snapshot'])
    assert.deepEqual(sorted('tool:ended', 'call'), sorted('tool:started', 'call'))
    assert.deepEqual([...new Set(fieldsOf('tool:ended', 'ok'))], [true])
  })

  it('hold the whole insight and the whole notification', () => {
    const [insight] = fieldsOf('coordinator:insight-produced', 'insight') as { summary: string }[]
    assert.match(insight?.summary ?? '', /Hit rate is 42 %/)
    const notifications = fieldsOf('operator:notification-sent', 'notification') as {
      observation: string
    }[]
    assert.ok(notifications.some(({ observation }) => observation === 'users is slow'))
  })

  it('tell at the end of a run what it took', () => {
    const [end] = named('run:ended').filter(({ data }) => data['agent'] === 'coordinator')
    const { outcome, partial, tokens, models, iterations, durationMs } = end?.data ?? {}
    assert.deepEqual(
      { outcome, partial, tokens, models },
      { outcome: 'done', partial: false, tokens: 0, models: ['rules'] },
    )
    assert.ok(Number(iterations) >= 3 && Number(durationMs) >= 0)
  })
})
