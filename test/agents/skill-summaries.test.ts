import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DrillStep, summarize } from '../../agents/vocabulary/skill-description.ts'
import { skillOf } from './models/support/requests.ts'

function step(type: string, explains: string[] = []): DrillStep {
  return {
    id: type,
    when: [],
    code: 'return {}',
    rows: [],
    notify: { type, severity: 'warning', context: 'x', observation: 'x', explains },
  }
}

const watched = { metric: 'lagMs', above: 100, severity: 'warning', observation: 'x' } as const
const vm = skillOf({ id: 'vm', watch: [watched] })
const gc = skillOf({ id: 'gc', drilldown: [step('gc_thrash', ['vm_lagMs'])] })
const tables = skillOf({ id: 'tables', drilldown: [step('leak', ['gc_thrash', 'leak'])] })

function explainedBy(...skills: Parameters<typeof summarize>[0]): Record<string, unknown> {
  return Object.fromEntries(summarize(skills).map((one) => [one.id, one.explainedBy]))
}

describe('summaries of skills', () => {
  it('say which others explain what a rule or a step tells', () =>
    assert.deepEqual(explainedBy(vm, gc, tables), { vm: ['gc'], gc: ['tables'], tables: [] }))
  it('name only skills that take part', () =>
    assert.deepEqual(explainedBy(vm, tables), { vm: [], tables: [] }))
})
