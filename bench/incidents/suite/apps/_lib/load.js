'use strict'
/**
 * Clients of a service: a steady load of a few streams, a phase without and a phase with the fault.
 * Speaks to 127.0.0.1 only, ends by itself, and tells what it does in JSON lines.
 */
const http = require('node:http')

const port = Number(process.env.PORT)
const baselineMs = Number(process.env.BASE_S ?? 10) * 1000
const faultMs = Number(process.env.FAULT_S ?? 22) * 1000
const tickMs = 25
const mostRequests = 50_000
const agent = new http.Agent({ keepAlive: true, maxSockets: 128 })
let sent = 0

const tell = (line) => process.stdout.write(`${JSON.stringify({ ts: Date.now(), ...line })}\n`)
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** One request: { method, path, body, headers, timeoutMs, port }. Resolves with a status or an error code. */
function ask({ method = 'GET', path, body, headers = {}, timeoutMs = 5000, ...to }) {
  return new Promise((resolve) => {
    const since = performance.now()
    const end = (outcome) => resolve({ outcome, ms: performance.now() - since })
    const payload = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    const type = Buffer.isBuffer(body) ? 'application/octet-stream' : 'application/json'
    const request = http.request(
      {
        host: '127.0.0.1',
        port: to.port ?? port,
        method,
        path,
        agent,
        headers: payload === undefined ? headers : { 'content-type': type, ...headers },
      },
      (response) => {
        response.resume()
        response.on('end', () => end(response.statusCode))
        response.on('error', (error) => end(error.code ?? 'CUT_OFF'))
      },
    )
    request.on('error', (error) => end(error.code ?? error.message))
    request.setTimeout(timeoutMs, () =>
      request.destroy(Object.assign(new Error('late'), { code: 'TIMEOUT' })),
    )
    request.end(payload)
  })
}

/** Sends `perSecond` requests a second, but never more than `most` at once. */
function startStream({ perSecond, most = 100, request }, results) {
  let owed = 0
  let count = 0
  let underWay = 0
  let last = performance.now()
  const fire = async () => {
    underWay += 1
    sent += 1
    const { outcome, ms } = await ask(request(count++))
    underWay -= 1
    results.outcomes[outcome] = (results.outcomes[outcome] ?? 0) + 1
    results.ms.push(ms)
  }
  const timer = setInterval(() => {
    const now = performance.now()
    owed = Math.min(owed + (perSecond * (now - last)) / 1000, perSecond)
    last = now
    for (; owed >= 1; owed -= 1) {
      if (underWay >= most || sent >= mostRequests) results.heldBack += 1
      else void fire()
    }
  }, tickMs)
  return () => clearInterval(timer)
}

async function phase(name, ms, streams) {
  tell({ event: 'phase', name })
  const running = streams.map((stream) => {
    const results = { outcomes: {}, ms: [], heldBack: 0 }
    return { name: stream.name, results, stop: startStream(stream, results) }
  })
  await sleep(ms)
  for (const { stop } of running) stop()
  await sleep(200)
  return Object.fromEntries(running.map(({ name: stream, results }) => [stream, figures(results)]))
}

function figures({ outcomes, ms, heldBack }) {
  const sorted = [...ms].sort((a, b) => a - b)
  const at = (share) => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10
  return { outcomes, heldBack, answered: ms.length, p50Ms: at(0.5), p99Ms: at(0.99) }
}

/** { before, during = before, onFault, onEnd }: streams of { name, perSecond, most, request(i) }. */
async function run({ before, during = before, onFault, onEnd }) {
  setTimeout(() => process.exit(3), baselineMs + faultMs + 15_000).unref()
  const health = { name: 'health', perSecond: 5, most: 30, request: () => ({ path: '/healthz' }) }
  const baseline = await phase('baseline', baselineMs, [...before, health])
  await onFault?.()
  const fault = await phase('fault', faultMs, [...during, health])
  await onEnd?.()
  tell({ event: 'phase', name: 'end' })
  tell({ event: 'summary', phases: { baseline, fault } })
  setTimeout(() => process.exit(0), 50)
}

/** Tells the upstream (dep.js) something: POST to `path`. */
const tellUpstream = (path) =>
  ask({ method: 'POST', path, port: Number(process.env.DEP_PORT), timeoutMs: 3000 })

module.exports = { run, ask, tellUpstream, port }
