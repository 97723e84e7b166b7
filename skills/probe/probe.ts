import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { SkillDescription } from '../contract.ts'
import { shareBounded } from './bounded.ts'
import { builtInFunctions } from './built-in.ts'
import type { ProbeFunction } from './calls.ts'
import { customMetrics } from './custom-metrics.ts'
import { type DefinedSkill, descriptionOf } from './defined.ts'
import { startGcWatch } from './gc-watch.ts'
import { createGlobalRecord, invoke, type ProbeFunctions } from './global-record.ts'
import { startHeartbeat } from './heartbeat.ts'
import { watchLastWords } from './last-words.ts'
import { HEARTBEAT_BYTES, viewsOf, WORD } from './layout.ts'
import type { MainPart } from './main-part.ts'
import { mainPartsOf } from './main-parts.ts'
import { checkProbeOptions, type ProbeOptions } from './options.ts'
import { servePort } from './port-server.ts'
import { PROBE_KEY } from './probe-key.ts'

export type { ProbeOptions } from './options.ts'

/** Main's side of nodelens. */
export interface Probe {
  /** Shared with the gateway. */
  readonly heartbeat: SharedArrayBuffer
  /** A new port for a gateway; comlink's wire format, one function `invoke`. */
  connect(): MessagePort
  /** The custom skills as plain data. */
  describeCustom(): SkillDescription[]
  /** Removes every timer, listener, observer and port, and the global. */
  uninstall(): void
}

/**
 * Installs the probe in the thread that calls it, which should be main.
 *
 * It loads nothing outside Node. At rest it costs a 50 ms heartbeat (about 0.3 % of a core) and a
 * garbage-collection observer. It never changes what the application prints or its exit code.
 *
 * @throws {TypeError} An unknown option, or a custom skill that `defineSkill` did not make.
 * @throws {RangeError} A time outside its range.
 * @throws {Error} A probe is installed already.
 */
export function installProbe(options: ProbeOptions = {}): Probe {
  const { skills, custom, isAttached, heartbeatMs, crashWaitMs } = checkProbeOptions(options)
  if (Reflect.has(globalThis, PROBE_KEY)) {
    throw new Error('installProbe: a probe is installed already; uninstall() it first')
  }
  const memory = new SharedArrayBuffer(HEARTBEAT_BYTES)
  const views = viewsOf(memory)
  const parts = mainPartsOf(skills)
  const functions = functionsOf(custom, parts)
  const ports = new Set<() => void>()
  Object.defineProperty(globalThis, PROBE_KEY, {
    value: createGlobalRecord(functions, views.words),
    configurable: true,
  })
  const stops = [
    startHeartbeat(views, heartbeatMs, isAttached),
    startGcWatch(views),
    watchLastWords(views, crashWaitMs),
    ...parts.flatMap(({ install }) => (install === undefined ? [] : [install(memory)])),
  ]
  shareBounded(views.words)
  Atomics.store(views.words, WORD.probe, 1)

  return {
    heartbeat: memory,
    connect: () => connectPort(functions, ports),
    describeCustom: () => custom.map(descriptionOf),
    uninstall: () => {
      Atomics.store(views.words, WORD.probe, 2)
      for (const stop of [...stops.splice(0), ...ports]) stop()
      ports.clear()
      shareBounded(undefined)
      Reflect.deleteProperty(globalThis, PROBE_KEY)
    },
  }
}

function connectPort(functions: ProbeFunctions, ports: Set<() => void>): MessagePort {
  const { port1, port2 } = new MessageChannel()
  const close = servePort(port1, (request) => invoke(functions, request))
  ports.add(close)
  port1.once('close', () => ports.delete(close))
  return port2
}

function functionsOf(custom: readonly DefinedSkill[], parts: readonly MainPart[]): ProbeFunctions {
  const functions: Map<string, ProbeFunction> = builtInFunctions(parts)
  functions.set('patrol.custom', { run: customMetrics(custom) })
  for (const skill of custom) {
    functions.set(`snapshot:${skill.id}`, {
      run: () => skill.snapshot(),
      isAsync: isAsync(skill.snapshot),
    })
    for (const [name, callback] of Object.entries(skill.callbacks ?? {})) {
      functions.set(`call:${name}`, {
        run: (input) => Reflect.apply(callback.run, callback, [input]),
        isAsync: isAsync(callback.run),
        ...(callback.input === undefined ? {} : { input: callback.input }),
      })
    }
  }
  return functions
}

function isAsync(run: object): boolean {
  return Object.prototype.toString.call(run) === '[object AsyncFunction]'
}
