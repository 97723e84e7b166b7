// run alone: each of its programs is three processes
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, it } from 'node:test'
import { Demo, type Finding } from '../../examples/shop/demo.ts'
import type { LoadStats } from '../../examples/shop/messages.ts'
import { type Scenario, scenarios } from '../../examples/shop/scenarios.ts'
import { styleFor } from '../../examples/shop/terminal.ts'
import { noLeaks } from '../support/leaks.ts'
import { modulePath } from '../support/project.ts'

const [cache, coupon, invoice] = scenarios as [Scenario, Scenario, Scenario]
const right = {
  cache: { file: 'examples/shop/pricing.ts', function: 'priceCache', line: 17 },
  coupon: { file: 'examples/shop/cart.ts', function: 'isCouponCode', line: 46 },
  invoice: { file: 'examples/shop/orders.ts', function: 'quantityInCategory', line: 80 },
}

afterEach(noLeaks())

interface Played {
  readonly findings: readonly Finding[]
  readonly text: string
  readonly endedByItself: boolean
}

async function play(
  chosen: readonly Scenario[],
  blames: readonly object[],
  insightMs = 40_000,
): Promise<Played> {
  const scratch = mkdtempSync(join(tmpdir(), 'nodelens-demo-'))
  const lines: string[] = []
  process.env['FAKE_LENS_BLAMES'] = JSON.stringify(blames)
  const demo = new Demo({
    hostPath: modulePath('test/examples/fixtures/fake-lens-host'),
    loadPath: modulePath('examples/shop/load'),
    insightsPath: join(scratch, 'insights.jsonl'),
    scenarios: chosen,
    crashSkill: 'vm',
    baselineMs: 1_000,
    symptomMs: 3_000,
    insightMs,
    style: styleFor({}, {}),
    signal: AbortSignal.timeout(150_000),
    print: (line) => lines.push(line),
  })
  try {
    const findings = await demo.run()
    return { findings, text: lines.join('\n'), endedByItself: await demo.stop() }
  } finally {
    demo.kill()
    rmSync(scratch, { recursive: true, force: true })
  }
}

describe('the demonstration, with a stand-in for nodelens', () => {
  it('asks about the leak and takes the answer that names the cache', async () => {
    const soon = { ...cache, ask: { reason: 'memory', skills: ['tables'], afterMs: 500 } }
    const { findings, text } = await play([soon], [right.cache])
    assert.equal(findings[0]?.found, true, text)
    assert.match(text, /priceCache {2}examples\/shop\/pricing\.ts:17/)
  })

  it('hears of a stall by itself, and shows the symptom in the numbers', async () => {
    const { findings, text, endedByItself } = await play([coupon], [right.coupon])
    assert.equal(findings[0]?.found, true, text)
    assert.match(text, /isCouponCode {2}examples\/shop\/cart\.ts:46/)
    assert.match(text, /lateMs 400 ms/)
    assert.ok(p99Of(findings[0]?.during) > 300, text)
    assert.ok(p99Of(findings[0]?.during) > 2 * p99Of(findings[0]?.before), text)
    assert.equal(endedByItself, true)
    assert.equal(text.includes('\u001b'), false, 'a control character of an insight came through')
  })

  it('shows the hog in the numbers, and the crash at the end', async () => {
    const { findings, text } = await play([invoice], [right.invoice])
    assert.equal(findings[0]?.found, true, text)
    assert.ok(p99Of(findings[0]?.during) > 300, text)
    assert.match(text, /operator 'vm' <3\.1> was killed/)
    assert.equal(findings.at(-1)?.found, true)
  })

  it('does not take an insight that blames somebody else', async () => {
    const wrong = { file: 'examples/shop/server.ts', function: 'answer', line: 55 }
    const { findings, text } = await play([coupon], [wrong], 8_000)
    assert.equal(findings[0]?.found, false, text)
    assert.match(text, /instead: the main thread stood still.*answer examples\/shop\/server\.ts:55/)
  })
})

function p99Of(stats: LoadStats | undefined): number {
  return stats?.p99Ms ?? Number.NaN
}
