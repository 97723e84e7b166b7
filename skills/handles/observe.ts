import { EventEmitter, errorMonitor } from 'node:events'
import { Worker } from 'node:worker_threads'
import { onChannels, part } from '../probe/channels.ts'
import type { CrashBook, CrashGroup } from './crash-book.ts'
import type { HandleKind, Ledger } from './ledger.ts'

const now = Date.now

/** What a worker said before it ended; weak, so that it goes with the worker. */
interface Ending {
  error?: CrashGroup['error']
  isTerminated?: boolean
}

/**
 * Subscribes to the birth and death of sockets, servers, child processes and workers.
 *
 * Listeners are shared functions: none is made for each handle. Errors of workers are seen through
 * `errorMonitor`, which does not count as handling them.
 *
 * @returns Undoes all of it.
 */
export function observeHandles(ledger: Ledger, crashes: CrashBook): () => void {
  const endings = new WeakMap<object, Ending>()
  const stops = [
    observeBirths(ledger),
    observeAgents(ledger),
    observeProcesses(ledger, crashes, endings),
    markTerminations(endings),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

function observeBirths(ledger: Ledger): () => void {
  function onClose(this: object): void {
    ledger.close(this)
  }
  const born =
    (kind: HandleKind, name: string) =>
    (message: unknown): void => {
      const thing = part(message, name)
      if (thing instanceof EventEmitter && ledger.birthOf(thing) === undefined) {
        if (ledger.open(kind, thing)) thing.once('close', onClose)
      }
    }
  return onChannels({
    'net.client.socket': born('socket', 'socket'),
    'udp.socket': born('datagram', 'socket'),
    'tracing:net.server.listen:asyncStart': born('server', 'server'),
  })
}

/** Counts the agents that requests over each site's sockets have: a new one for each request is a leak. */
function observeAgents(ledger: Ledger): () => void {
  const agents = new WeakSet()
  return onChannels({
    'http.client.request.start': (message) => {
      const request = part(message, 'request')
      const socket = part(request, 'socket')
      const site = socket === undefined ? undefined : ledger.birthOf(socket)?.site
      if (site === undefined) return
      site.requests += 1
      const agent = part(request, 'agent')
      if (agent === undefined || agents.has(agent)) return
      agents.add(agent)
      site.agents += 1
      site.keepsAlive ||= Reflect.get(agent, 'keepAlive') === true
    },
  })
}

function observeProcesses(
  ledger: Ledger,
  crashes: CrashBook,
  endings: WeakMap<object, Ending>,
): () => void {
  function onError(this: object, error: unknown): void {
    endings.set(this, { ...endings.get(this), error: describe(error) })
  }
  function onWorkerExit(this: object, code: unknown): void {
    const birth = ledger.close(this)
    const { error, isTerminated } = endings.get(this) ?? {}
    if (birth === undefined || (error === undefined && (code === 0 || isTerminated === true)))
      return
    const told = error ?? describeExit('the worker', code, null)
    crashes.note('worker', birth.site.id, told, now() - birth.madeAt, now())
  }
  function onClose(this: object): void {
    ledger.close(this)
  }
  function onChildExit(this: object, code: unknown, signal: unknown): void {
    const birth = ledger.close(this)
    const isKilled = Reflect.get(this, 'killed') === true
    if (birth === undefined || code === 0 || isKilled) return
    const told = describeExit(String(Reflect.get(this, 'spawnfile')), code, signal)
    crashes.note('child', birth.site.id, told, now() - birth.madeAt, now())
  }
  return observeStarts(ledger, { onError, onWorkerExit, onChildExit, onClose })
}

type Listener = (this: object, ...input: unknown[]) => void

function observeStarts(
  ledger: Ledger,
  on: Record<'onError' | 'onWorkerExit' | 'onChildExit' | 'onClose', Listener>,
): () => void {
  return onChannels({
    worker_threads: (message) => {
      const worker = part(message, 'worker')
      if (!(worker instanceof EventEmitter) || !ledger.open('worker', worker)) return
      worker.on(errorMonitor, on.onError)
      worker.once('exit', on.onWorkerExit)
    },
    child_process: (message) => {
      const child = part(message, 'process')
      if (!(child instanceof EventEmitter) || ledger.birthOf(child) !== undefined) return
      if (!ledger.open('child', child)) return
      child.once('exit', on.onChildExit)
      child.once('close', on.onClose)
    },
  })
}

/** A worker that its owner ends has exit code 1 like one that failed: only this tells them apart. */
function markTerminations(endings: WeakMap<object, Ending>): () => void {
  const original = Object.getOwnPropertyDescriptor(Worker.prototype, 'terminate')
  const run: unknown = original?.value
  if (original === undefined || typeof run !== 'function') return () => {}
  const terminate = function (this: object, ...rest: unknown[]): unknown {
    endings.set(this, { ...endings.get(this), isTerminated: true })
    return Reflect.apply(run, this, rest)
  }
  Object.defineProperty(Worker.prototype, 'terminate', { ...original, value: terminate })
  return () => {
    if (Object.getOwnPropertyDescriptor(Worker.prototype, 'terminate')?.value === terminate) {
      Object.defineProperty(Worker.prototype, 'terminate', original)
    }
  }
}

function describe(error: unknown): CrashGroup['error'] {
  const seen: { name?: unknown; message?: unknown; stack?: unknown; code?: unknown } =
    typeof error === 'object' && error !== null ? error : { message: String(error) }
  const text = (value: unknown, most: number): string =>
    typeof value === 'string' ? value.slice(0, most) : ''
  try {
    return {
      name: text(seen.name, 100) || 'Error',
      message: text(seen.message, 400),
      stack: text(seen.stack, 3000),
      code: text(seen.code, 100),
    }
  } catch {
    return { name: 'Error', message: 'an error that cannot be read', stack: '', code: '' }
  }
}

function describeExit(what: string, code: unknown, signal: unknown): CrashGroup['error'] {
  const how =
    typeof signal === 'string' ? `was ended by ${signal}` : `exited with code ${String(code)}`
  return { name: 'Exit', message: `${what} ${how}`, stack: '', code: String(signal ?? code) }
}
