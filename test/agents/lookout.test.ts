import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { nextLookMs, startLookout, stepLookout } from '../../agents/loop/lookout.ts'
import {
  type AskOutcome,
  defaultLookoutOptions,
  type Finding,
  type Lookout,
  type LookoutEffect,
  type LookoutEvent,
  lookoutBounds,
} from '../../agents/loop/lookout-state.ts'
import { t0 } from './support/kernel.ts'

const slow: Finding = { type: 'http_slow', severity: 'warning', observation: 'p99 is 900 ms.' }
const stuck: Finding = { type: 'http_stuck', severity: 'critical', observation: 'Nothing answers.' }
const minute = 60_000

/** A lookout in time: every look 30 seconds after the last one. */
class Watch {
  lookout: Lookout
  at = t0
  readonly effects: LookoutEffect[] = []

  constructor(options: Partial<typeof defaultLookoutOptions> = {}) {
    this.lookout = startLookout('http', { ...defaultLookoutOptions, ...options }, t0)
  }

  on(event: LookoutEvent): readonly LookoutEffect[] {
    const [lookout, effects] = stepLookout(this.lookout, event)
    this.lookout = lookout
    this.effects.push(...effects)
    return effects
  }

  look(...findings: Finding[]): readonly LookoutEffect[] {
    this.at += 30_000
    return this.on({ type: 'looked', findings, at: this.at })
  }

  looks(count: number, ...findings: Finding[]): readonly LookoutEffect[] {
    return Array.from({ length: count }, () => this.look(...findings)).flat()
  }

  ends(outcome: Partial<AskOutcome> = {}): readonly LookoutEffect[] {
    const whole = { ok: true, tokens: 5_000, state: 'warning', told: [], ...outcome } as AskOutcome
    return this.on({ type: 'ask-ended', outcome: whole, at: this.at })
  }

  signals(reason: string): readonly LookoutEffect[] {
    return this.on({ type: 'signalled', reason, at: this.at })
  }

  get asks(): string[] {
    return this.effects.flatMap((effect) => (effect.type === 'ask' ? [effect.why] : []))
  }

  told(event: string): readonly LookoutEffect[] {
    return this.effects.filter((effect) => effect.type === 'tell' && effect.event === event)
  }
}

/** A watch whose model has been asked about `slow` and has answered. */
function asked(outcome: Partial<AskOutcome> = {}): Watch {
  const watch = new Watch()
  watch.looks(2, slow)
  watch.ends(outcome)
  return watch
}

describe('a continuous operator', () => {
  it('beamlens defect 13: a healthy day asks its model nothing', () => {
    const watch = new Watch()
    watch.looks(2_880)
    assert.deepEqual([watch.asks, watch.lookout.health], [[], 'healthy'])
  })
  it('is asked when a rule sees a warning in two looks, not after one', () => {
    const watch = new Watch()
    watch.look(slow)
    watch.look()
    watch.look(slow)
    assert.deepEqual(watch.asks, [])
    watch.look(slow)
    assert.deepEqual(watch.asks, ['rules'])
  })
  it('is asked at once about what is critical', () => {
    const watch = new Watch()
    watch.look(stuck)
    assert.deepEqual(watch.asks, ['rules'])
  })
  it('is not asked about what is worth a note only', () => {
    const watch = new Watch()
    watch.looks(10, { ...slow, severity: 'info' })
    assert.deepEqual(watch.asks, [])
  })
  it('is asked at once when a baseline is left or the loop is blocked', () => {
    const watch = new Watch()
    watch.signals('http_inOpen rises to 90.')
    assert.deepEqual(watch.asks, ['signal'])
  })
  it('is not asked a second thing while it thinks, but afterwards', () => {
    const watch = new Watch()
    watch.look(stuck)
    watch.signals('http_inOpen rises to 90.')
    assert.deepEqual(watch.asks, ['rules'])
    watch.ends()
    watch.look(stuck)
    assert.deepEqual(watch.asks, ['rules', 'signal'])
  })
  it('knows why it is asked, its state, its note and what it has told', () => {
    const watch = asked({
      note: 'the pool is small',
      told: [{ id: 'w1.n1', type: 'http_slow', severity: 'warning', observation: 'p99 is 900 ms' }],
    })
    watch.look(slow, stuck)
    const last = watch.effects.findLast((effect) => effect.type === 'ask')
    assert.deepEqual(last?.type === 'ask' ? last.frame : undefined, {
      since: new Date(t0).toISOString(),
      state: 'warning',
      opened: 'Nothing answers.',
      note: 'the pool is small',
      told: [{ id: 'w1.n1', type: 'http_slow', severity: 'warning', observation: 'p99 is 900 ms' }],
    })
  })
  it('is not asked again about what it knows', () => {
    const watch = asked()
    watch.looks(20, slow)
    assert.deepEqual(watch.asks, ['rules'])
  })
  it('is asked again when what it knows becomes worse', () => {
    const watch = asked()
    watch.look({ ...slow, severity: 'critical' })
    assert.deepEqual(watch.asks, ['rules', 'rules'])
  })
  it('paces itself while it does not call the skill healthy', () => {
    const watch = asked({ wakeAfterMs: 5 * minute })
    watch.looks(9, slow)
    assert.deepEqual(watch.asks, ['rules'])
    watch.look(slow)
    assert.deepEqual(watch.asks, ['rules', 'pace'])
  })
  it('is not woken by its own wish when it called the skill healthy', () => {
    const watch = asked({ state: 'healthy', wakeAfterMs: minute })
    watch.looks(40)
    assert.deepEqual(watch.asks, ['rules'])
  })
  it('is looked for sooner when it wants to be woken sooner', () => {
    const watch = asked({ wakeAfterMs: 5_000 })
    assert.equal(nextLookMs(watch.lookout, watch.at), 5_000)
    assert.equal(nextLookMs(watch.lookout, watch.at + 4_900), lookoutBounds.shortestLookMs)
  })
  it('is told when it is over, so that it can say so', () => {
    const watch = asked()
    watch.looks(lookoutBounds.clearLooks)
    assert.deepEqual(watch.asks, ['rules', 'cleared'])
    watch.ends({ state: 'healthy' })
    assert.equal(watch.lookout.health, 'healthy')
  })
  it('is reminded of what goes on, ever more seldom', () => {
    const watch = asked()
    for (let look = 0; look < 2_880; look++) {
      watch.look(slow)
      if (watch.lookout.isAsking) watch.ends()
    }
    const reminders = watch.asks.filter((why) => why === 'reminder').length
    assert.ok(reminders >= 5 && reminders <= 8, String(reminders))
  })
  it('is asked about what it called harmless only when it comes again or grows worse', () => {
    const watch = asked({ state: 'healthy' })
    watch.looks(50, slow)
    assert.deepEqual(watch.asks, ['rules'])
    watch.looks(lookoutBounds.clearLooks)
    watch.looks(2, slow)
    assert.deepEqual(watch.asks, ['rules', 'rules'])
  })
  it('is not asked more often in an hour than it may be, and it is told once', () => {
    const watch = new Watch({ asksPerHour: 3 })
    for (let index = 0; index < 40; index++) {
      watch.signals(`change ${index}`)
      if (watch.lookout.isAsking) watch.ends({ state: 'healthy' })
    }
    assert.equal(watch.asks.length, 3)
    assert.equal(watch.told('gate-held').length, 1)
  })
  it('is not asked when its tokens of the day are spent; the rules attest what they see', () => {
    const watch = new Watch({ tokensPerDay: 5_000 })
    watch.signals('one')
    watch.ends({ state: 'healthy', tokens: 6_000 })
    watch.looks(2, slow)
    assert.equal(watch.asks.length, 1)
    assert.deepEqual(
      [watch.lookout.health, watch.lookout.reason],
      ['warning', 'p99 is 900 ms. (by rule)'],
    )
    watch.look()
    assert.equal(watch.lookout.health, 'healthy')
  })
  it('is asked again a day later', () => {
    const watch = new Watch({ tokensPerDay: 5_000 })
    watch.signals('one')
    watch.ends({ state: 'healthy', tokens: 6_000 })
    watch.at += lookoutBounds.dayMs
    watch.signals('two')
    assert.equal(watch.asks.length, 2)
  })
  it('beamlens defect 3: a skill that cannot be read is not called healthy', () => {
    const watch = new Watch()
    for (let look = 0; look < lookoutBounds.unreadableLooks; look++) {
      watch.on({ type: 'look-failed', message: 'no answer within 5000 ms', at: watch.at })
    }
    assert.equal(watch.lookout.health, 'observing')
    assert.match(watch.lookout.reason, /no answer within 5000 ms/)
    watch.look()
    assert.equal(watch.lookout.health, 'healthy')
  })
  it('whose model fails is asked again after a minute, then after two, and no finding is lost', () => {
    const watch = new Watch()
    watch.looks(2, slow)
    watch.ends({ ok: false, message: 'failed: the key is wrong' } as Partial<AskOutcome>)
    watch.look(slow)
    assert.deepEqual(watch.asks, ['rules'])
    watch.look(slow)
    assert.deepEqual(watch.asks, ['rules', 'rules'])
    watch.ends({ ok: false, message: 'failed: the key is wrong' } as Partial<AskOutcome>)
    watch.looks(3, slow)
    assert.equal(watch.asks.length, 2)
    watch.look(slow)
    assert.equal(watch.asks.length, 3)
    assert.equal(watch.told('ask-failed').length, 2)
  })
  it('never asks two things at once and never more in an hour than it may, whatever happens', () => {
    const finding = fc.constantFrom(slow, stuck, { ...slow, severity: 'critical' as const })
    const happening = fc.oneof(
      fc.record({
        kind: fc.constant('look' as const),
        findings: fc.array(finding, { maxLength: 2 }),
      }),
      fc.record({ kind: fc.constant('fail' as const) }),
      fc.record({ kind: fc.constant('signal' as const) }),
      fc.record({
        kind: fc.constant('end' as const),
        state: fc.constantFrom('healthy', 'critical'),
      }),
    )
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 200 }), (all) => {
        const watch = new Watch({ asksPerHour: 4 })
        const at: number[] = []
        for (const one of all) {
          const isBusy = watch.lookout.isAsking
          const effects =
            one.kind === 'look'
              ? watch.look(...one.findings)
              : one.kind === 'signal'
                ? watch.signals('x')
                : one.kind === 'fail'
                  ? watch.on({ type: 'look-failed', message: 'x', at: watch.at })
                  : isBusy
                    ? watch.ends({ state: one.state === 'healthy' ? 'healthy' : 'critical' })
                    : []
          const asks = effects.filter(({ type }) => type === 'ask').length
          assert.ok(asks <= (isBusy ? 0 : 1))
          if (asks === 1) at.push(watch.at)
        }
        for (const one of at) {
          const hour = at.filter((other) => other <= one && one - other < lookoutBounds.hourMs)
          assert.ok(hour.length <= 4)
        }
      }),
    )
  })
})
