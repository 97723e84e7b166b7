import type { Finding, Retries } from './watch.ts'

/** A finding, and the place in the application it belongs to: who calls, or who handles. */
export interface ToldFinding extends Finding {
  readonly where: string | undefined
  readonly retries?: Retries | undefined
}

/** What was measured, in one sentence. */
export function observationOf(told: ToldFinding): string {
  return told.direction === 'outbound' ? ofUpstream(told) : ofRoute(told)
}

function ofUpstream({ key, trouble, now, before, where }: ToldFinding): string {
  const caller = where === undefined ? '' : ` that ${where} sends`
  const requests = `Requests to the upstream ${key}${caller}`
  switch (trouble) {
    case 'slow':
      return `${requests} take ${ms(now.p50Ms)} (median; p99 ${ms(now.p99Ms)}) until its answer begins${was(before?.p50Ms)}; ${now.open} are under way`
    case 'errors':
      return `${requests} fail: ${share(now)} of ${now.count} in the last seconds${wasShare(before)}`
    case 'hanging':
      return `${requests} get no answer: ${now.waiting} are waiting, the oldest for ${seconds(now.oldestWaitingMs)}`
    case 'unread':
      return `${requests} were answered, but ${now.unread} of the answers are not read, so that their sockets stay taken`
  }
}

function ofRoute({ key, trouble, now, before, where }: ToldFinding): string {
  const handler = where === undefined ? '' : ` (handled by ${where})`
  switch (trouble) {
    case 'slow':
      return `Requests of ${key}${handler} take ${ms(now.p50Ms)} (median; p99 ${ms(now.p99Ms)})${was(before?.p50Ms)}`
    case 'errors':
      return `Requests of ${key}${handler} end with a server error: ${share(now)} of ${now.count} in the last seconds${wasShare(before)}`
    case 'hanging':
    case 'unread':
      return `Requests of ${key}${handler} hang and get no response: ${now.open} are under way, the oldest for ${seconds(now.oldestMs)}${givenUp(now.aborted)}${usual(before?.p50Ms)}`
  }
}

/** The cause, as far as it is known: only upstreams have one here. */
export function explanationOf({ key, trouble, where, retries }: ToldFinding): string {
  const caller = where ?? 'the application'
  switch (trouble) {
    case 'slow':
      return `Slow upstream: ${key} answers late, and what ${caller} does waits for it; it is not this process that is slow`
    case 'errors':
      return `Failing upstream: ${key} answers with errors or refuses connections, and ${caller} depends on it${retried(retries, caller)}`
    case 'hanging':
      return `Hanging upstream: ${key} takes requests and does not answer, and ${caller} waits without a timeout that is short enough`
    case 'unread':
      return `Response not consumed: ${caller} does not read the body of answers of ${key} to its end, so that connections are never free again and requests queue up`
  }
}

export function remedyOf({ key, trouble, where }: ToldFinding): string {
  const caller = where ?? 'the caller'
  switch (trouble) {
    case 'slow':
    case 'hanging':
      return `Look at ${key}; give the request in ${caller} a timeout (AbortSignal.timeout) below that of its own callers, bound how many are under way, and answer from a cache or with a degraded result (circuit breaker) while it is slow`
    case 'errors':
      return `Look at ${key}; in ${caller}, retry with a back-off and a limit, stop calling for a while when most fail (circuit breaker), and answer with a degraded result`
    case 'unread':
      return `Read the body of every response in ${caller} to its end, or discard it: response.resume() or response.destroy(), with fetch response.body?.cancel(), on the error paths too`
  }
}

function retried(retries: Retries | undefined, caller: string): string {
  if (retries === undefined) return ''
  const { perSecond, perSecondBefore, inPerSecond } = retries
  return `. Retry storm: ${caller} repeats failed requests at once, ${Math.round(perSecond)} attempts a second instead of ${Math.round(perSecondBefore)} while ${Math.round(inPerSecond)} requests a second come in, which multiplies the load on an upstream that is in trouble`
}

function ms(value: number): string {
  return value >= 10_000 ? seconds(value) : `${Math.round(value)} ms`
}

function seconds(valueMs: number): string {
  return `${Math.round(valueMs / 100) / 10} s`
}

function was(beforeMs: number | undefined): string {
  return beforeMs === undefined ? '' : `, before it was ${ms(beforeMs)}`
}

function givenUp(count: number): string {
  return count === 0 ? '' : `, and ${count} were given up by their clients in the last seconds`
}

function usual(p50Ms: number | undefined): string {
  return p50Ms === undefined ? '' : `; the usual time is ${ms(p50Ms)}`
}

function share({ errors, count }: { readonly errors: number; readonly count: number }): string {
  return `${Math.round((100 * errors) / Math.max(1, count))} %`
}

function wasShare(before: { readonly errors: number; readonly count: number } | undefined): string {
  return before === undefined ? '' : `, before it was ${share(before)}`
}
