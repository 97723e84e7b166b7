import * as v from 'valibot'
import {
  type BuiltInCallback,
  type BuiltInSkill,
  builtInCallback,
  countInput,
  type RunOptions,
} from '../built-in-skill.ts'
import type { HeartbeatReader } from '../gateway/heartbeat-reader.ts'
import { type Json, type JsonRecord } from '../json.ts'
import { VM_DRILLDOWN } from './drilldown.ts'
import type { HeapWatch } from './heap-watch.ts'
import { type PoolParts, poolRows } from './pool-rows.ts'
import {
  loopDelayOf,
  markNow,
  memoryOf,
  ratesBetween,
  threadPoolLatencyMs,
  threadRows,
  type VmMark,
} from './readings.ts'
import { VM_PROMPT, VM_WATCH } from './watch.ts'

export interface VmParts extends PoolParts {
  readonly reader: HeartbeatReader
  readonly heap: HeapWatch
  readonly watch: { readonly lateMs: number }
}

const NOTHING = v.strictObject({})

/** Rates are over the time since the last mark, at least this long. */
const WINDOW_MS = 5_000

/** The virtual machine as a whole; all but the active resources is read from outside main. */
class VmReadings {
  readonly #parts: VmParts
  #marks: VmMark[]

  constructor(parts: VmParts) {
    this.#parts = parts
    this.#marks = [markNow(parts.reader)]
  }

  /** The youngest mark that is old enough, and now. */
  window(): { from: VmMark; to: VmMark } {
    const to = markNow(this.#parts.reader)
    const from =
      this.#marks.findLast((mark) => to.at - mark.at >= WINDOW_MS) ?? this.#marks[0] ?? to
    const last = this.#marks.at(-1)
    if (last === undefined || to.at - last.at >= 1000) this.#marks = [...this.#marks, to].slice(-60)
    return { from, to }
  }

  async snapshot(
    options: RunOptions,
  ): Promise<{ data: JsonRecord; via: 'port' | 'inspector' | 'outside' }> {
    const { reader, heap, watch } = this.#parts
    const { from, to } = this.window()
    const [poolMs, resources] = await Promise.all([
      threadPoolLatencyMs(1000),
      this.resources(options),
    ])
    const data = {
      ...memoryOf(reader, heap.growth()),
      ...loopDelayOf(reader, watch.lateMs),
      ...ratesBetween(from, to),
      threadPoolLatencyMs: poolMs,
      activeResources: resources.value,
      threadCount: to.threads.length,
      uptimeSeconds: Math.round(process.uptime()),
      nodeVersion: process.version,
    }
    return { data, via: resources.via }
  }

  /** null when main does not answer. */
  async resources({
    timeoutMs,
  }: RunOptions): Promise<{ value: Json; via: 'port' | 'inspector' | 'outside' }> {
    try {
      return await this.#parts.access.invoke('vm.resources', null, {
        timeoutMs: Math.min(timeoutMs, 700),
      })
    } catch {
      return { value: null, via: 'outside' }
    }
  }
}

export function vmSkill(parts: VmParts): BuiltInSkill {
  const readings = new VmReadings(parts)
  return {
    id: 'vm',
    title: 'Node.js virtual machine',
    description:
      'Heap, event loop, CPU by thread, garbage collection, thread pool, active resources.',
    systemPrompt: VM_PROMPT,
    watch: VM_WATCH,
    drilldown: VM_DRILLDOWN,
    snapshot: (options) => readings.snapshot(options),
    callbacks: {
      ...memoryCallbacks(parts),
      ...loopCallbacks(parts, readings),
      ...poolCallbacks(parts),
    },
  }
}

function memoryCallbacks({ reader, heap, access }: VmParts): Record<string, BuiltInCallback> {
  return {
    vm_memory: builtInCallback({
      doc: 'Memory in megabytes: heapUsedMb, heapLimitMb, heapUsedPct, externalMb, arrayBuffersMb, rssMb, growth per minute.',
      input: NOTHING,
      run: () => memoryOf(reader, heap.growth()),
    }),
    vm_heap_floors: builtInCallback({
      doc: 'Heap in use right after each of the last major collections, oldest first: at, heapUsedMb. A floor that keeps rising is a leak or a cache that fills. { limit = 10 }',
      input: v.strictObject({ limit: countInput(1, 50, 10) }),
      run: ({ limit }) =>
        heap
          .floors()
          .slice(-limit)
          .map((point) => ({
            at: new Date(point.at).toISOString(),
            heapUsedMb: Math.round(point.bytes / 104_857.6) / 10,
          })),
    }),
    vm_heap_spaces: builtInCallback({
      doc: 'The spaces of the V8 heap with sizes in bytes. Asks main.',
      input: NOTHING,
      run: async (_input, options) => (await access.invoke('vm.heapSpaces', null, options)).value,
    }),
  }
}

function poolCallbacks(parts: VmParts): Record<string, BuiltInCallback> {
  return {
    vm_thread_pool_users: builtInCallback({
      doc: 'Watches for a second and a half, up to three times while little is asked for, which places of the application ask for work on the thread pool: work, count, latencyMs (how long a caller waits), location {file, line, function}, observation, explanation, remedy.',
      input: NOTHING,
      effect: { probe: { mainPauseMs: 5 } },
      defaultTimeoutMs: 15_000,
      run: () => poolRows(parts),
    }),
  }
}

function loopCallbacks(parts: VmParts, readings: VmReadings): Record<string, BuiltInCallback> {
  const { reader, access, watch } = parts
  return {
    vm_cpu_by_thread: builtInCallback({
      doc: 'CPU share of each thread of the process over the last seconds, busiest first: threadId, name, cpuPct (100 = one core). { limit = 10 }',
      input: v.strictObject({ limit: countInput(1, 50, 10) }),
      run: ({ limit }) => {
        const { from, to } = readings.window()
        return threadRows(from, to, limit)
      },
    }),
    vm_event_loop: builtInCallback({
      doc: 'Event loop: loopDelayP50Ms, loopDelayP99Ms, loopDelayMaxMs of the last minute, loopLateNowMs, loopUtilizationPct.',
      input: NOTHING,
      run: () => {
        const { from, to } = readings.window()
        return { ...loopDelayOf(reader, watch.lateMs), ...ratesBetween(from, to) }
      },
    }),
    vm_active_resources: builtInCallback({
      doc: 'What keeps the event loop alive, counted by type (sockets, timers, requests). Asks main.',
      input: NOTHING,
      run: async (_input, options) => (await access.invoke('vm.resources', null, options)).value,
    }),
    vm_thread_pool: builtInCallback({
      doc: 'How long a file system call waits in the libuv pool now: latencyMs (below 1 when idle, 1000 = at least a second).',
      input: NOTHING,
      run: async () => ({
        latencyMs: await threadPoolLatencyMs(1000),
        poolSize: Number(process.env['UV_THREADPOOL_SIZE'] ?? 4),
      }),
    }),
  }
}
