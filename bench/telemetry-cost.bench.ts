import diagnosticsChannel from 'node:diagnostics_channel'
import {
  call,
  cast,
  isDownMessage,
  type MailboxOptions,
  meter,
  type Next,
  type Pid,
  type Reply,
  receive,
  runtimeEvents,
  server,
  spawnMonitor,
  startRuntime,
  startServer,
} from '../runtime/index.ts'
import { Kernel } from '../runtime/kernel.ts'
import { createSharedBuffers, SharedState } from '../runtime/shared-state.ts'
import { tell } from '../runtime/telemetry.ts'
import { type Bench, baseline, type Measurement } from './measurement.ts'

/** `off`: nobody listens. */
const variants = [baseline, 'listening', 'metered', 'reports', 'bounded mailbox'] as const
type Variant = (typeof variants)[number]

const CHANNELS = Object.entries(runtimeEvents).flatMap(([group, events]) =>
  events.map((event) => `nodelens:${group}:${event}`),
)
/** Until the runtime has seen that somebody listens, milliseconds. */
const NOTICED_MS = 700
const MAILBOX: MailboxOptions = { highWater: 1_000_000, policy: 'drop-newest' }

const counter = server(import.meta, {
  name: 'counter',
  init: (): number => 0,
  calls: { read: (state: number): Reply<number, number> => ({ reply: state, state }) },
  casts: { bump: (state: number): Next<number> => ({ state: state + 1 }) },
})

export const telemetryCost: Bench = {
  name: 'telemetry-cost',
  question: "What do the runtime's events, meters and marks cost, with nobody listening and with?",
  run: async ({ smoke, log }) => {
    const rounds = smoke ? 1 : 7
    const readings = new Map<string, number[]>()
    const note = (metric: string, variant: string, value: number): void => {
      const key = `${metric}|${variant}`
      readings.set(key, [...(readings.get(key) ?? []), value])
    }
    if (!smoke) await measure(baseline, 20_000)
    for (let round = 0; round < rounds; round++) {
      note('a check that nobody listens|ns CPU', baseline, checkNs(smoke ? 10_000 : 5_000_000))
      const order = round % 2 === 0 ? variants : variants.toReversed()
      for (const variant of order) {
        const found = await measure(variant, smoke ? 200 : 20_000)
        for (const [metric, value] of Object.entries(found)) note(metric, variant, value)
        log(`round ${round + 1} of ${rounds}, ${variant}: ${JSON.stringify(found)}`)
      }
    }
    return [...readings].map(([key, values]): Measurement => {
      const [metric = '', unit = '', variant = ''] = key.split('|')
      return { metric, unit, variant, readings: values }
    })
  },
}

async function measure(variant: Variant, count: number): Promise<Record<string, number>> {
  const runtime = await startRuntime({ children: [], spare: false })
  const ends: (() => void)[] = []
  try {
    ends.push(...(await listen(variant, runtime)))
    const mailbox = variant === 'bounded mailbox' ? { mailbox: MAILBOX } : {}
    const ref = await startServer(counter, undefined, mailbox)
    if (!ref) throw new Error('the counter did not start')
    await callEach(ref.pid(), count / 4)
    await spawnEach(count / 10)
    return {
      'tell|ns CPU': await cpuNsEach(count * 20, () => tellEach(ref.pid(), count * 20)),
      'call|ns CPU': await cpuNsEach(count * 2, () => callEach(ref.pid(), count * 2)),
      'spawn and stop|ns CPU': await cpuNsEach(count, () => spawnEach(count)),
    }
  } finally {
    for (const end of ends) end()
    await runtime.stop()
  }
}

async function listen(
  variant: Variant,
  runtime: Awaited<ReturnType<typeof startRuntime>>,
): Promise<(() => void)[]> {
  if (variant === 'metered') return [meter()]
  if (variant === 'reports') {
    const abort = new AbortController()
    void drain(runtime.reports({ signal: abort.signal }))
    await new Promise((resolve) => setTimeout(resolve, 50))
    return [() => abort.abort()]
  }
  if (variant !== 'listening') return []
  const listener = (): void => {}
  for (const name of CHANNELS) diagnosticsChannel.subscribe(name, listener)
  await new Promise((resolve) => setTimeout(resolve, NOTICED_MS))
  return CHANNELS.map((name) => () => void diagnosticsChannel.unsubscribe(name, listener))
}

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

/** Of all threads, so that what else the machine does counts little. */
async function cpuNsEach(count: number, work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / count
}

async function tellEach(pid: Pid, count: number): Promise<void> {
  for (let sent = 0; sent < count; ) {
    for (let batch = 0; batch < 1000 && sent < count; batch++, sent++) cast(pid, 'bump')
    await call(pid, 'read')
  }
}

async function callEach(pid: Pid, count: number): Promise<void> {
  for (let done = 0; done < count; done++) await call(pid, 'read')
}

async function spawnEach(count: number): Promise<void> {
  for (let done = 0; done < count; done++) {
    const { ref } = spawnMonitor(() => undefined)
    await receive((message) => isDownMessage(message) && message.ref === ref)
  }
}

/** What an event costs that nobody hears, nanoseconds. */
function checkNs(count: number): number {
  const kernel = new Kernel(0, new SharedState(createSharedBuffers()))
  const facts = { some: 'fact' }
  const before = process.cpuUsage()
  for (let done = 0; done < count; done++) tell(kernel, 'process:started', () => facts)
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / count
}
