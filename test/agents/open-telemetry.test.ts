import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Bridge } from '../../agents/open-telemetry/bridge.ts'
import { connectOpenTelemetry } from '../../agents/open-telemetry/connect.ts'
import type { Semconv } from '../../agents/open-telemetry/names.ts'
import { emit, type TelemetryEvent, telemetry } from '../../agents/telemetry.ts'
import { projectRoot } from '../support/project.ts'
import { type FakeSpan, fakeOpenTelemetry } from './support/fake-open-telemetry.ts'

type Told = readonly [name: string, at: number, data?: Readonly<Record<string, unknown>>]

/** What the bridge makes of some events. */
function bridged(
  events: readonly Told[],
  { semconv = 'latest', content = false }: { semconv?: Semconv; content?: boolean } = {},
) {
  const fake = fakeOpenTelemetry()
  const { api } = fake
  const bridge = new Bridge({
    api: api as never,
    tracer: () => api.trace.getTracer('test') as never,
    meter: () => api.metrics.getMeter('test'),
    semconv,
    content,
  })
  for (const [name, at, data = {}] of events) {
    const [group = '', event = ''] = name.split(':')
    const heard: TelemetryEvent = { name: `nodelens:${name}`, group, event, at, data }
    bridge.hear(heard)
  }
  return { ...fake, bridge }
}

const runId = 'run-1'
const operator = 'run-1.vm.1'
const whole = { agent: 'coordinator', runId }
const part = { agent: 'operator', runId, operator, skill: 'vm' }
const question = { ...part, question: `${operator} q1`, model: 'google-ai/gemini-3.8-flash' }
const call = { runId, operator, skill: 'vm', tool: 'execute', call: `${operator} x1` }
const usage = {
  inputTokens: 1000,
  outputTokens: 50,
  reasoningTokens: 20,
  cachedTokens: 400,
  costUsd: 0.002,
}

const investigation: readonly Told[] = [
  ['run:started', 1000, { ...whole, reason: 'the secret reason', signal: 'stall' }],
  ['run:started', 1100, { ...part, reason: 'the secret reason' }],
  ['model:asked', 1200, question],
  ['model:answered', 2200, { ...question, usage, attempts: 1, intent: 'execute' }],
  ['tool:started', 2300, call],
  ['tool:ended', 2500, { ...call, ok: true }],
  ['run:ended', 3000, { ...part, outcome: 'completed', partial: false }],
  [
    'coordinator:insight-produced',
    3100,
    { runId, insightId: 'i1', severity: 'critical', summary: 'secret summary' },
  ],
  ['run:ended', 4000, { ...whole, outcome: 'done', partial: false, insights: 1 }],
]

const path = (span: FakeSpan): string =>
  span.parent === undefined ? span.name : `${path(span.parent)} > ${span.name}`

describe('the spans of an investigation', () => {
  const { spans } = bridged(investigation)
  const span = (name: string): FakeSpan =>
    spans.find((one) => one.name === name) ?? assert.fail(`no span ${name}`)

  it('are a workflow, its agents, their turns and tools', () => {
    assert.deepEqual(spans.map(path), [
      'invoke_workflow nodelens',
      'invoke_workflow nodelens > invoke_agent coordinator',
      'invoke_workflow nodelens > invoke_agent vm',
      'invoke_workflow nodelens > invoke_agent vm > generate_content gemini-3.8-flash',
      'invoke_workflow nodelens > invoke_agent vm > execute_tool execute',
    ])
  })

  it('begin and end when it happened, not when main heard of it', () => {
    assert.deepEqual(
      spans.map(({ startTime, endTime }) => [startTime, endTime]),
      [
        [1000, 4000],
        [1000, 4000],
        [1100, 3000],
        [1200, 2200],
        [2300, 2500],
      ],
    )
  })

  it('name the turn of a model as the conventions do', () => {
    const { kind, attributes } = span('generate_content gemini-3.8-flash')
    assert.equal(kind, 2)
    assert.deepEqual(attributes, {
      'gen_ai.operation.name': 'generate_content',
      'gen_ai.provider.name': 'gcp.gemini',
      'gen_ai.request.model': 'gemini-3.8-flash',
      'gen_ai.response.model': 'gemini-3.8-flash',
      'gen_ai.agent.name': 'vm',
      'gen_ai.conversation.id': 'run-1',
      'gen_ai.output.type': 'json',
      'gen_ai.usage.input_tokens': 1000,
      'gen_ai.usage.output_tokens': 50,
      'gen_ai.usage.reasoning.output_tokens': 20,
      'gen_ai.usage.cache_read.input_tokens': 400,
      'nodelens.usage.cost_usd': 0.002,
    })
  })

  it('sum up at the agent what its turns cost', () => {
    const { attributes } = span('invoke_agent vm')
    assert.equal(attributes['gen_ai.usage.input_tokens'], 1000)
    assert.equal(attributes['nodelens.usage.cost_usd'], 0.002)
  })

  it('have the insight as an event of the workflow', () => {
    const [event] = span('invoke_workflow nodelens').events
    assert.deepEqual(event, {
      name: 'nodelens.insight',
      time: 3100,
      attributes: { 'nodelens.insight.id': 'i1', 'nodelens.severity': 'critical' },
    })
  })

  it('hold no text of the application, unless it is asked for', () => {
    const textOf = (content: boolean): string =>
      JSON.stringify(
        bridged(investigation, { content }).spans.map(({ attributes, events, status }) => ({
          attributes,
          events,
          status,
        })),
      )
    assert.doesNotMatch(textOf(false), /secret/)
    assert.match(textOf(true), /secret reason.*secret summary/)
  })

  it('are none for turns of rules, which is no model of that kind', () => {
    const asked = { ...question, model: 'rules' }
    const { spans: found, measured } = bridged([
      ['run:started', 1, part],
      ['model:asked', 2, asked],
      ['model:answered', 3, { ...asked, usage: { ...usage, inputTokens: 0 } }],
    ])
    assert.deepEqual(
      found.map(({ name }) => name),
      ['invoke_agent vm'],
    )
    assert.deepEqual(measured, [])
  })
})

describe('what goes wrong', () => {
  const failing: readonly [string, readonly Told[], string, string][] = [
    [
      'a provider that failed',
      [['model:failed', 9, { ...question, failure: { kind: 'rate_limited' } }]],
      'generate_content gemini-3.8-flash',
      'rate_limited',
    ],
    [
      'a provider in whose stead rules spoke',
      [['model:answered', 9, { ...question, model: 'rules', usage, fallback: 'circuit_open' }]],
      'generate_content gemini-3.8-flash',
      'circuit_open',
    ],
    [
      'a script that failed',
      [
        ['tool:started', 8, call],
        ['tool:ended', 9, { ...call, ok: false, code: 'cpu-limit' }],
      ],
      'execute_tool execute',
      'cpu-limit',
    ],
    [
      'an operator that crashed',
      [['coordinator:operator-crashed', 9, part]],
      'invoke_agent vm',
      'crashed',
    ],
    [
      'a turn whose end was not heard',
      [['run:ended', 9, { ...whole, outcome: 'done' }]],
      'generate_content gemini-3.8-flash',
      'abandoned',
    ],
    ['a lens that was stopped', [['lens:stopped', 9]], 'invoke_workflow nodelens', 'abandoned'],
  ]
  for (const [what, events, name, type] of failing) {
    it(`${what} is an error of its span`, () => {
      const { spans } = bridged([
        ['run:started', 1, whole],
        ['run:started', 2, part],
        ['model:asked', 3, question],
        ...events,
      ])
      const span = spans.find((one) => one.name === name)
      assert.deepEqual(
        [span?.status?.code, span?.attributes['error.type'], span?.endTime],
        [2, type, 9],
      )
    })
  }

  it('a run that was cut short is no error, and partial', () => {
    const { spans } = bridged([
      ['run:started', 1, whole],
      ['run:ended', 2, { ...whole, outcome: 'deadline_exceeded', partial: true }],
    ])
    assert.equal(spans[0]?.status, undefined)
    assert.equal(spans[0]?.attributes['nodelens.run.partial'], true)
  })

  it('ends the oldest of too many open spans', () => {
    const many = Array.from(
      { length: 2001 },
      (_, index): Told => [
        'run:started',
        index,
        { agent: 'operator', runId: `r${index}`, operator: `r${index}`, skill: 'vm' },
      ],
    )
    const { spans } = bridged(many)
    assert.deepEqual(
      spans.filter(({ endTime }) => endTime !== undefined).map(({ startTime }) => startTime),
      [0],
    )
  })

  it('an SDK that throws harms nobody, and is told', () => {
    const failures: unknown[] = []
    const stop = telemetry.subscribe('telemetry:listener-failed', ({ data }) =>
      failures.push(data['message']),
    )
    const end = connectOpenTelemetry({ api: fakeOpenTelemetry({ isBroken: true }).api as never })
    emit('run', 'started', whole)
    end()
    stop()
    assert.deepEqual(failures, ['the exporter is broken'])
  })
})

describe('the metrics', () => {
  const names = (semconv: Semconv): Record<string, number> =>
    Object.fromEntries(
      bridged(investigation, { semconv }).measured.map(({ name, value, attributes }) => [
        [name, attributes['gen_ai.token.type'], attributes['gen_ai.agent.name']]
          .filter((one) => one !== undefined)
          .join(' '),
        value,
      ]),
    )

  it('are those of the conventions of now', () => {
    assert.deepEqual(names('latest'), {
      'gen_ai.client.inference.usage.input_tokens': 1000,
      'gen_ai.client.inference.usage.output_tokens': 50,
      'gen_ai.client.inference.usage.cache_read.input_tokens': 400,
      'gen_ai.client.inference.usage.reasoning.output_tokens': 20,
      'gen_ai.client.inference.duration': 1,
      'gen_ai.execute_tool.duration vm': 0.2,
      'gen_ai.invoke_agent.duration vm': 1.9,
      'gen_ai.invoke_agent.inference_calls vm': 1,
      'gen_ai.invoke_agent.tool_calls vm': 1,
      'gen_ai.invoke_agent.duration coordinator': 3,
      'gen_ai.invoke_agent.inference_calls coordinator': 0,
      'gen_ai.invoke_agent.tool_calls coordinator': 0,
      'gen_ai.workflow.duration': 3,
      'nodelens.model.cost': 0.002,
      'nodelens.insights': 1,
    })
  })

  it('are those of release 1.41 for who asks for them', () => {
    assert.deepEqual(names('1.41'), {
      'gen_ai.client.token.usage input': 1000,
      'gen_ai.client.token.usage output': 50,
      'gen_ai.client.operation.duration': 1,
      'nodelens.model.cost': 0.002,
      'nodelens.insights': 1,
    })
  })

  it('have no attribute whose values are endless', () => {
    const { measured } = bridged(investigation)
    const values = measured.flatMap(({ attributes }) => Object.values(attributes))
    assert.ok(values.length > 20)
    assert.deepEqual(
      values.filter((value) => String(value).includes(runId)),
      [],
    )
  })
})

describe('connectOpenTelemetry', () => {
  it('hears until it is ended', () => {
    const fake = fakeOpenTelemetry()
    const end = connectOpenTelemetry({ api: fake.api as never })
    emit('run', 'started', whole)
    end()
    emit('run', 'started', { ...whole, runId: 'run-2' })
    assert.deepEqual(
      fake.spans.map(({ attributes }) => attributes['gen_ai.conversation.id']),
      ['run-1', 'run-1'],
    )
    assert.deepEqual(
      fake.spans.filter(({ endTime }) => endTime === undefined),
      [],
    )
  })

  const mistakes: readonly [string, object, RegExp][] = [
    ['an api that is none', { api: { trace: {} } }, /expected the module @opentelemetry\/api/],
    ['a tracer that is none', { tracer: {} }, /expected a tracer/],
    ['names of no release', { semconv: '1.9' }, /semconv/],
    ['an option that is not known', { contents: true }, /did you mean "content"/],
  ]
  for (const [what, options, message] of mistakes) {
    it(`refuses ${what}`, () => {
      assert.throws(() => connectOpenTelemetry(options as never), message)
    })
  }
})

describe('the names of OpenTelemetry', () => {
  it('stand in one file', () => {
    const folder = join(projectRoot, 'agents')
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    const naming = files.filter(
      (file) =>
        file.endsWith('.ts') && readFileSync(join(folder, file), 'utf8').includes("'gen_ai."),
    )
    assert.deepEqual(naming, ['open-telemetry/names.ts'])
  })
})
