import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { Coordinator, defineSkill, Operator, start } from '../../agents/index.ts'

const calls: number[] = []

const redis = defineSkill({
  id: 'redis',
  title: 'Redis cache',
  description: 'Hit rate, memory, slow log.',
  systemPrompt: 'You watch a Redis cache. A hit rate above 95 % is normal.',
  snapshot: () => ({ hitRatePct: 42, usedMb: 10 }),
  callbacks: {
    redis_slowlog: {
      doc: 'Slowest commands, milliseconds.',
      input: v.object({ limit: v.pipe(v.number(), v.integer(), v.maxValue(50)) }),
      run: ({ limit }: { limit: number }) => {
        calls.push(limit)
        return [{ command: 'KEYS *', tookMs: 900, slow: true }]
      },
    },
    redis_flush: {
      doc: 'Empties the cache.',
      effect: 'act',
      run: () => {
        throw new Error('the cache was emptied')
      },
    },
  },
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
      code: 'return redis_slowlog({ limit = 5 })',
      rows: [{ field: 'slow', equals: true }],
      notify: {
        type: 'redis_slow_command',
        severity: 'warning',
        context: 'Slow log',
        observation: '{command} took {tookMs} ms',
        evidence: ['tookMs'],
      },
    },
    {
      id: 'harm',
      code: 'return redis_flush()',
      notify: { type: 'redis_flushed', severity: 'critical', context: 'x', observation: 'flushed' },
    },
  ],
})

describe('a skill of the application', () => {
  it('is watched and drilled into by its rules; what would change the application is refused', async () => {
    const lens = await start({ skills: [redis] })
    try {
      assert.deepEqual(lens.skills, ['redis'])
      const notifications = await Operator.run('redis', { reason: 'test' }, { deadlineMs: 30_000 })
      const observations = notifications.map(({ observation }) => observation)
      assert.ok(observations.includes('Hit rate is 42 %'), JSON.stringify(observations))
      assert.ok(observations.includes('KEYS * took 900 ms'), JSON.stringify(observations))
      assert.ok(!observations.includes('flushed'))
      assert.deepEqual(calls, [5])
      const { insights, operatorResults } = await Coordinator.run({ reason: 'test' })
      assert.ok(insights.length > 0)
      assert.deepEqual(
        operatorResults.map(({ skill }) => skill),
        ['redis'],
      )
    } finally {
      await lens.stop()
    }
  })
})

const misbehaving = (id: string, snapshot: () => unknown): ReturnType<typeof defineSkill> =>
  defineSkill({
    id,
    title: id,
    description: 'Misbehaves.',
    systemPrompt: 'You watch nothing.',
    snapshot,
    callbacks: {
      [`${id}_rows`]: { doc: 'Never settles.', run: () => new Promise(() => {}) },
    },
    drilldown: [
      {
        id: 'rows',
        code: `return ${id}_rows()`,
        notify: { type: `${id}_row`, severity: 'warning', context: 'x', observation: 'a row' },
      },
    ],
  })

describe('skills of the application that misbehave', () => {
  it('are said to be unknown, never healthy, and the others are heard', async () => {
    const lens = await start({
      skills: [
        misbehaving('throwing', () => {
          throw new Error('no such queue')
        }),
        misbehaving('looping', () => {
          for (;;);
        }),
        misbehaving('silent', () => new Promise(() => {})),
        misbehaving('flooding', () => 'x'.repeat(1_000_000).split('')),
        redis,
      ],
    })
    try {
      const { insights, operatorResults } = await Coordinator.run(
        { reason: 'test' },
        { deadlineMs: 40_000 },
      )
      const states = Object.fromEntries(operatorResults.map(({ skill, state }) => [skill, state]))
      const { redis: known, ...unknown } = states
      assert.equal(known, 'warning')
      assert.ok(insights.some(({ summary }) => summary.includes('Hit rate is 42 %')))
      assert.equal(Object.keys(unknown).length, 4)
      for (const [skill, state] of Object.entries(unknown))
        assert.notEqual(state, 'healthy', `${skill} could not be read`)
      const summaries = operatorResults.map(({ summary }) => summary ?? '').join('\n')
      assert.match(summaries, /no such queue/)
    } finally {
      await lens.stop()
    }
  })
})
