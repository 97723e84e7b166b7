/**
 * The stack of a thread that is in the middle of a loop.
 *
 * First by the inspector: all threads of a process hang on the main thread's inspector, however
 * deep they are nested, so a session to main can evaluate in a thread that runs a loop, a regular
 * expression or waits on memory. Main may be busy in JavaScript, but not in native code: then the
 * question would wait with it. Where Node can profile a worker from its parent without main (22.23,
 * 24), that is the second way.
 */

import type { Session } from 'node:inspector'
import type { Worker } from 'node:worker_threads'

/** Longest wait for the inspector, milliseconds; it takes 1 to 25, on a machine at ease. */
const INSPECTOR_MS = 500
/** How long a profile is recorded, and the longest wait for each of its steps, milliseconds. */
const PROFILE_MS = 30
const PROFILE_STEP_MS = 500
const MAX_STACK_CHARACTERS = 8000

/** The frames, innermost first, in V8's format; or why there are none. */
export type StuckStack = { readonly stack: string } | { readonly noStack: string }

const STACK = `(() => {
  const limit = Error.stackTraceLimit
  try { Error.stackTraceLimit = 50 } catch {}
  try { return String(new Error().stack) } finally { try { Error.stackTraceLimit = limit } catch {} }
})()`

/** Never fails, and takes at most about a second. */
export async function takeStack(worker: Worker): Promise<StuckStack> {
  const { threadId } = worker
  try {
    return { stack: await within(INSPECTOR_MS, (abort) => inspected(threadId, abort)) }
  } catch (error) {
    const why = `inspector: ${messageOf(error)}`
    if (!canProfile(worker)) return { noStack: why }
    try {
      return { stack: await profiled(worker) }
    } catch (second) {
      return { noStack: `${why}; profile: ${messageOf(second)}` }
    }
  }
}

async function inspected(threadId: number, abort: AbortSignal): Promise<string> {
  const { Session } = await import('node:inspector')
  const session = new Session()
  session.connectToMainThread()
  const close = (): void => {
    session.removeAllListeners()
    session.disconnect()
  }
  abort.addEventListener('abort', close, { once: true })
  return evaluateIn(session, threadId)
}

/** Attaches to all threads, which is how the protocol finds one, and asks the one. */
function evaluateIn(session: Session, threadId: number): Promise<string> {
  return new Promise((resolve, reject) => {
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      const { sessionId, workerInfo } = params
      if (!workerInfo.title.startsWith(`[worker ${threadId}]`)) return
      const parameters = { expression: STACK, returnByValue: true, silent: true }
      const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: parameters })
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, (error) => {
        if (error) reject(error)
      })
    })
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      const stack = stackIn(params.message)
      if (stack === undefined) reject(new Error(`it answered ${params.message.slice(0, 200)}`))
      else resolve(stack)
    })
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (error) => {
      if (error) reject(error)
    })
  })
}

function stackIn(message: string): string | undefined {
  const answer: unknown = JSON.parse(message)
  const value = at(at(at(answer, 'result'), 'result'), 'value')
  if (typeof value !== 'string') return undefined
  const frames = value.split('\n').filter((line) => /^\s+at /.test(line))
  const first = frames.findIndex((line) => !/^\s+at <anonymous>:\d+:\d+$/.test(line))
  return frames.slice(Math.max(0, first)).join('\n').slice(0, MAX_STACK_CHARACTERS)
}

interface Profile {
  stop(): Promise<unknown>
}

interface ProfiledWorker {
  startCpuProfile(options: string | object): Promise<Profile>
}

function canProfile(worker: object): worker is ProfiledWorker {
  return 'startCpuProfile' in worker && typeof worker.startCpuProfile === 'function'
}

async function profiled(worker: ProfiledWorker): Promise<string> {
  const profile = await within(PROFILE_STEP_MS, () => startProfile(worker))
  await new Promise((resolve) => setTimeout(resolve, PROFILE_MS))
  const recorded = await within(PROFILE_STEP_MS, () => profile.stop())
  const stack = lastStackOf(typeof recorded === 'string' ? JSON.parse(recorded) : recorded)
  if (stack === undefined) throw new Error('it recorded no JavaScript')
  return stack
}

/** Node 22 and 24 want a name, Node 26 options. */
async function startProfile(worker: ProfiledWorker): Promise<Profile> {
  try {
    return await worker.startCpuProfile('stuck')
  } catch (error) {
    if (error instanceof TypeError) return worker.startCpuProfile({})
    throw error
  }
}

/** The stack of the last sample, in V8's format. @see the type `Profiler.Profile` of the protocol. */
function lastStackOf(profile: unknown): string | undefined {
  const [nodes, samples] = [at(profile, 'nodes'), at(profile, 'samples')]
  if (!Array.isArray(nodes) || !Array.isArray(samples)) return undefined
  const byId = new Map<unknown, unknown>(nodes.map((node) => [at(node, 'id'), node]))
  const parents = new Map<unknown, unknown>()
  for (const node of nodes) {
    const children = at(node, 'children')
    for (const child of Array.isArray(children) ? children : []) parents.set(child, node)
  }
  const frames: string[] = []
  for (let node = byId.get(samples.at(-1)); node; node = parents.get(at(node, 'id'))) {
    const frame = frameOf(at(node, 'callFrame'))
    if (frame) frames.push(frame)
  }
  return frames.length > 0 ? frames.join('\n').slice(0, MAX_STACK_CHARACTERS) : undefined
}

function frameOf(frame: unknown): string | undefined {
  const [name, url] = [at(frame, 'functionName'), at(frame, 'url')]
  const [line, column] = [at(frame, 'lineNumber'), at(frame, 'columnNumber')]
  if (typeof url !== 'string' || url === '') return undefined
  const place = `${url}:${Number(line) + 1}:${Number(column) + 1}`
  return typeof name === 'string' && name !== '' ? `    at ${name} (${place})` : `    at ${place}`
}

/** Gives up after this long; the work is told that it is over in any case. */
async function within<Value>(
  ms: number,
  work: (abort: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const abort = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work(abort.signal), late])
  } finally {
    clearTimeout(timer)
    abort.abort()
  }
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
