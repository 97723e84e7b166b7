/**
 * The visitors: `node dist/examples/shop/load.js <url> [requests per second]`, a process of its own.
 *
 * Requests are due at a fixed rate, whether or not the shop keeps up, and the waiting time counts
 * from when they were due: a shop that stands still cannot hide behind requests that nobody sent.
 * At most `mostWaiting` wait at a time; later ones are turned away and counted. Steered by messages
 * of the parent process (`messages.ts`); without one it prints a line every second.
 */
import { Agent, request } from 'node:http'
import { LoadWindow } from './load-window.ts'
import type { Attack, FromLoad, ToLoad } from './messages.ts'
import { Attacker, ordinaryVisits, type Visit } from './visitors.ts'

const tickMs = 4
const mostWaiting = 64
const patienceMs = 60_000
/** While there is an attack, one request in so many is a hurtful one. */
const attackOneIn = 40

const [address = 'http://127.0.0.1:8080', rate = '120'] = process.argv.slice(2)
const base = new URL(address)
const perSecond = Number(rate)
if (!(perSecond > 0)) throw new RangeError(`load.js expects a rate above 0, got '${rate}'`)

const agent = new Agent({ keepAlive: true, maxSockets: mostWaiting + 2 })
const nextVisit = ordinaryVisits(1)
const waitingSince = new Map<number, number>()
let window = new LoadWindow(performance.now())
let attacker: Attacker | undefined
let isHurting = false
let cart: string | undefined
let sent = 0

const startedAt = performance.now()
let due = 0
setInterval(() => {
  const now = performance.now()
  const dueNow = Math.floor(((now - startedAt) / 1000) * perSecond)
  for (; due < dueNow; due += 1) visit(startedAt + ((due + 1) / perSecond) * 1000)
}, tickMs)
setInterval(() => void sampleHeap(), 200)

if (process.send === undefined) setInterval(() => console.log(JSON.stringify(closeWindow())), 1_000)
process.on('message', (message: ToLoad) => {
  if (message.type === 'attack') startAttack(message.kind)
  else if (message.type === 'window-open') window = new LoadWindow(performance.now())
  else tell({ type: 'window', stats: closeWindow() })
})
process.on('disconnect', () => process.exit(0))

function visit(dueAt: number): void {
  if (waitingSince.size >= mostWaiting) {
    window.turnedAway()
    return
  }
  sent += 1
  if (attacker !== undefined && cart !== undefined && !isHurting && sent % attackOneIn === 0) {
    void hurt(attacker, cart)
    return
  }
  const ticket = sent
  waitingSince.set(ticket, dueAt)
  const chosen = nextVisit(cart)
  ask(chosen)
    .then((body) => {
      if (chosen.path === '/carts') cart = readCart(body)
      window.answered(performance.now() - dueAt)
    })
    .catch(() => window.failed())
    .finally(() => waitingSince.delete(ticket))
}

/** One hurtful request at a time: two would only measure each other. */
async function hurt(by: Attacker, withCart: string): Promise<void> {
  isHurting = true
  const since = performance.now()
  try {
    await ask(by.next(withCart))
    by.felt(performance.now() - since)
  } catch {
    window.failed()
  } finally {
    isHurting = false
  }
}

function startAttack(kind: Attack): void {
  attacker = kind === 'none' ? undefined : new Attacker(kind)
}

function closeWindow(): ReturnType<LoadWindow['close']> {
  const now = performance.now()
  const stats = window.close(
    now,
    [...waitingSince.values()].map((since) => now - since),
  )
  window = new LoadWindow(now)
  return stats
}

async function sampleHeap(): Promise<void> {
  try {
    const status: unknown = JSON.parse(await ask({ method: 'GET', path: '/status' }))
    if (typeof status !== 'object' || status === null || !('heapBytes' in status)) return
    if (typeof status.heapBytes === 'number') window.heap(status.heapBytes)
  } catch {
    // A shop that is down says so in the other numbers.
  }
}

function readCart(body: string): string | undefined {
  const parsed: unknown = JSON.parse(body)
  if (typeof parsed !== 'object' || parsed === null || !('id' in parsed)) return undefined
  return typeof parsed.id === 'string' ? parsed.id : undefined
}

/** The body of an answer, whatever its status below 500. */
function ask({ method, path, body }: Visit): Promise<string> {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const call = request(
      { hostname: base.hostname, port: base.port, method, path, agent },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('error', reject)
        response.on('end', () => {
          if ((response.statusCode ?? 500) < 500) resolve(text)
          else reject(new Error(`${method} ${path}: ${response.statusCode}`))
        })
      },
    )
    call.on('error', reject)
    call.setTimeout(patienceMs, () => call.destroy(new Error(`no answer in ${patienceMs} ms`)))
    call.end(payload)
  })
}

function tell(message: FromLoad): void {
  process.send?.(message)
}
