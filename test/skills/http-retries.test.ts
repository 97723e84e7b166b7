import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HttpWatch } from '../../skills/http/watch.ts'
import { explanationOf } from '../../skills/http/words.ts'

const context = { reader: { recentLatenesses: () => [] }, lateMs: () => 0 }

/** Twelve readings of two seconds: the last four with other rates, and an upstream that fails. */
function watchOf(rates: { readonly in: number; readonly out: number }): HttpWatch {
  const watch = new HttpWatch(context as never)
  let [inbound, outbound, errors] = [0, 0, 0]
  for (let index = 0; index < 12; index += 1) {
    const isFaulty = index >= 8
    inbound += isFaulty ? rates.in : 20
    const sent = isFaulty ? rates.out : 20
    outbound += sent
    errors += isFaulty ? sent : 0
    const row = (key: string, count: number, failed: number) => ({
      key,
      count,
      errors: failed,
      buckets: [count],
    })
    const reading = {
      inbound: [row('GET /x', inbound, 0)],
      outbound: [row('carrier', outbound, errors)],
      waitingBytes: 0,
    }
    watch.hear(reading as never, index * 2000)
  }
  return watch
}

function retries(rates: Parameters<typeof watchOf>[0]) {
  const watch = watchOf(rates)
  const finding = watch.findings().find(({ direction }) => direction === 'outbound')
  assert.ok(finding)
  return { finding, retries: watch.retriesOf(finding) }
}

describe('an upstream that fails', () => {
  it('is retried when it is asked far more often while no more requests come in', () => {
    const { finding, retries: told } = retries({ in: 20, out: 600 })
    assert.ok((told?.perSecond ?? 0) > 100)
    const text = explanationOf({ ...finding, retries: told, where: 'fetchJson (src/a.js:1)' })
    assert.match(text, /Retry storm: fetchJson .* repeats failed requests/)
  })

  it('is not retried when it is asked as often as before', () => {
    const { finding, retries: told } = retries({ in: 20, out: 20 })
    assert.equal(told, undefined)
    assert.doesNotMatch(explanationOf({ ...finding, retries: told, where: undefined }), /Retry/)
  })

  it('is not retried when there is as much more to do', () => {
    assert.equal(retries({ in: 600, out: 600 }).retries, undefined)
  })
})
