import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { canonical, isEqual } from './compare.ts'
import { generate } from './generate.ts'
import { adapt, placementOf } from './placement.ts'
import { type ChildPlan, type Program, programSchema, type Step } from './program.ts'
import { shrink } from './shrink.ts'
import { keepSound } from './sound.ts'
import type { Trial } from './trial.ts'

const spawnBy = (by: string, as: string): Step => ({
  do: 'spawn',
  by,
  as,
  trap: false,
  hoard: false,
})
const child: ChildPlan = {
  id: 'c1',
  restart: 'permanent',
  shutdown: 5000,
  trap: true,
  stubborn: false,
  starts: ['ok'],
}
const start = (children: ChildPlan[]): Step => ({
  do: 'start_supervisor',
  by: 'p1',
  as: 's1',
  spec: { strategy: 'one_for_one', intensity: 1, children },
})

describe('generate', () => {
  const programs = Array.from({ length: 400 }, (_, seed) => generate(seed))

  it('makes the same program of the same seed', () => {
    assert.deepEqual(generate(7), generate(7))
    assert.notDeepEqual(generate(7), generate(8))
  })

  it('uses every kind of step', () => {
    const kinds = new Set(programs.flatMap(({ steps }) => steps.map((step) => step.do)))
    const known = programSchema.entries.steps.item.options.map(({ entries }) => entries.do.literal)
    assert.deepEqual([...kinds].toSorted(), known.toSorted())
  })

  it('makes sound programs of the language', () => {
    for (const program of programs) {
      assert.deepEqual(v.parse(programSchema, program), program)
      assert.deepEqual(keepSound(program.steps), program.steps)
    }
  })
})

describe('keepSound', () => {
  const begin = [spawnBy('c', 'p1'), spawnBy('c', 'p2')]

  it('drops steps about those who were dropped', () => {
    const steps: Step[] = [spawnBy('c', 'p1'), { do: 'link', by: 'p1', target: 'p2' }]
    assert.deepEqual(keepSound(steps), steps.slice(0, 1))
  })

  it('drops the second way of links on which a death could reach a supervisor', () => {
    const first: Step = { do: 'link', by: 'p2', target: 's1/c1' }
    const second: Step = { do: 'link', by: 'p2', target: 'p1' }
    const steps = [...begin, start([child]), first]
    assert.deepEqual(keepSound([...steps, second]), steps)
  })

  it('lets processes be linked in circles', () => {
    const steps: Step[] = [
      ...begin,
      { do: 'link', by: 'p1', target: 'p2' },
      { do: 'link', by: 'p2', target: 'p1' },
    ]
    assert.deepEqual(keepSound(steps), steps)
  })

  it('drops children that would be waited for for ever', () => {
    const stubborn: ChildPlan = { ...child, stubborn: true, shutdown: 'infinity' }
    assert.deepEqual(keepSound([...begin, start([stubborn])]), begin)
  })
})

describe('canonical', () => {
  const outcome = (got: readonly unknown[], life: readonly unknown[] = []): unknown => ({
    steps: [{ result: true, got, life, died: {}, names: {} }],
    final: { alive: [], got: [], supervisors: {} },
  })
  const program: Program = { steps: [spawnBy('c', 'p1')] }
  const same = (one: unknown, other: unknown): boolean =>
    isEqual(canonical(one, program), canonical(other, program))
  const [first, second] = [
    ['p1', 'p2', 'user', 1],
    ['p1', 'p2', 'user', 2],
  ]
  const [exit, down] = [
    ['p1', 'p2', 'EXIT', 'boom'],
    ['p1', 'p2', 'DOWN', 'm1', 'boom'],
  ]

  it('keeps the order of one sender', () => {
    assert.equal(same(outcome([first, second]), outcome([second, first])), false)
    assert.equal(same(outcome([first, down]), outcome([down, first])), false)
  })

  it('forgets the order of different senders', () => {
    const other = ['p1', 'p3', 'user', 3]
    assert.ok(same(outcome([first, other]), outcome([other, first])))
  })

  it('forgets the order of EXIT and DOWN of one death', () => {
    assert.ok(same(outcome([exit, down]), outcome([down, exit])))
  })

  it('forgets what the dying got in their last step', () => {
    const dying = { result: true, got: [first], life: [], died: { p1: 'boom' }, names: {} }
    const final = { alive: [], got: [], supervisors: {} }
    const both = [
      { steps: [dying], final },
      { steps: [{ ...dying, got: [] }], final },
    ]
    assert.ok(same(both[0], both[1]))
  })

  it('keeps the order of children, unless their supervisor is dynamic', () => {
    const events = (top: string): readonly unknown[] => [
      [top, ['gone', `${top}/c1#1`, 'shutdown']],
      [top, ['gone', `${top}/c2#1`, 'shutdown']],
    ]
    const turned = (top: string): boolean =>
      same(outcome([], events(top)), outcome([], events(top).toReversed()))
    assert.deepEqual([turned('s1'), turned('d1')], [false, true])
  })
})

describe('shrink', () => {
  it('finds the steps and the plan that matter', async () => {
    const matters = ({ steps }: Program): boolean =>
      steps.some((step) => step.do === 'start_supervisor' && step.spec.children.length > 0)
    const attempt = async (program: Program): Promise<Trial> => {
      return { program, family: 'here', ours: null, otp: null, agrees: !matters(program) }
    }
    const steps: Step[] = [
      spawnBy('c', 'p1'),
      spawnBy('c', 'p2'),
      { do: 'send', by: 'p1', target: 'p2', value: 3 },
      start([
        { ...child, name: 'a', starts: ['ok', 'throw'] },
        { ...child, id: 'c2' },
      ]),
      { do: 'throw', by: 'p2' },
    ]
    const smallest = await shrink(await attempt({ steps }), attempt)
    const [first, second, ...rest] = smallest.program.steps
    assert.deepEqual(first, spawnBy('c', 'p1'))
    assert.deepEqual(second, start([{ ...child, id: 'c2', trap: false }]))
    assert.deepEqual(rest, [])
  })
})

describe('adapt', () => {
  it('lets a process of another thread register itself', () => {
    const step: Step = { do: 'register', by: 'p1', name: 'a', target: 'p2' }
    const byOf = (family: 'here' | 'own'): string | undefined =>
      adapt({ steps: [step] }, family).steps[0]?.by
    assert.deepEqual([byOf('here'), byOf('own')], ['p1', 'p2'])
  })

  it('tells OTP of a link to another thread', () => {
    const program: Program = { steps: [{ do: 'link', by: 'p1', target: 'p2' }] }
    assert.deepEqual(adapt(program, 'own').steps, [
      { do: 'link', by: 'p1', target: 'p2', remote: true },
    ])
  })

  it('places supervisors in the root thread where processes have their own', () => {
    assert.equal(placementOf('own', 's1'), 'root')
    assert.equal(placementOf('own', 's1/c1'), 'thread')
  })
})
