/**
 * What nodelens costs a healthy service: the same service with and without it, in turn, asked by
 * clients that each send a request when the last was answered. CPU per request is the robust
 * figure; throughput depends on what else the machine does.
 */
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { median } from '../measurement.ts'
import { freePort, isListening } from './ports.ts'
import { Program } from './program.ts'
import { stage } from './stage.ts'
import type { Truth } from './truth.ts'
import { readUsage } from './usage.ts'

const clients = 8
const warmUpMs = 2_000
const measureMs = 5_000
const rounds = 4

type Variant = 'off' | 'on'

interface Reading {
  readonly requestsPerSecond: number
  readonly cpuUsPerRequest: number
  readonly p99Ms: number
}

/** Medians over the rounds; the shares are (with nodelens ÷ without) − 1. */
export interface Overhead {
  readonly id: string
  readonly path: string
  readonly rounds: number
  readonly off: Reading
  readonly on: Reading
  readonly throughputShare: number
  readonly cpuShare: number
}

export interface OverheadSettings {
  readonly suite: string
  readonly registerPath: string
  readonly logsFolder: string
}

/** Measures a control that names an `overhead_path`. */
export async function measureOverhead(truth: Truth, settings: OverheadSettings): Promise<Overhead> {
  const path = truth.overheadPath
  if (path === undefined) throw new Error(`${truth.id} has no overhead_path in its truth.json`)
  const readings: Record<Variant, Reading[]> = { off: [], on: [] }
  for (let round = 0; round < rounds; round += 1) {
    const order: readonly Variant[] = round % 2 === 0 ? ['off', 'on'] : ['on', 'off']
    for (const variant of order) {
      readings[variant].push(await measureOnce({ truth, settings, path, variant }))
    }
  }
  const off = middle(readings.off)
  const on = middle(readings.on)
  return {
    id: truth.id,
    path,
    rounds,
    off,
    on,
    throughputShare: on.requestsPerSecond / off.requestsPerSecond - 1,
    cpuShare: on.cpuUsPerRequest / off.cpuUsPerRequest - 1,
  }
}

/** One line for people. */
export function overheadText({ id, path, rounds: count, off, on, ...shares }: Overhead): string {
  const percent = (share: number): string => `${share >= 0 ? '+' : ''}${(share * 100).toFixed(1)} %`
  return `overhead on ${id} ${path} (${count} rounds each, in turn): throughput ${Math.round(off.requestsPerSecond)} → ${Math.round(on.requestsPerSecond)} requests/s (${percent(shares.throughputShare)}), CPU ${Math.round(off.cpuUsPerRequest)} → ${Math.round(on.cpuUsPerRequest)} µs a request (${percent(shares.cpuShare)}), p99 ${off.p99Ms.toFixed(1)} → ${on.p99Ms.toFixed(1)} ms`
}

interface Once {
  readonly truth: Truth
  readonly settings: OverheadSettings
  readonly path: string
  readonly variant: Variant
}

async function measureOnce({ truth, settings, path, variant }: Once): Promise<Reading> {
  const staged = stage(settings.suite, truth.id)
  const port = await freePort()
  const log = join(settings.logsFolder, `overhead-${truth.id}-${variant}.txt`)
  const service = new Program({
    name: 'app.js',
    folder: staged.folder,
    arguments: [
      ...truth.nodeArguments,
      ...(variant === 'on' ? ['--import', settings.registerPath] : []),
      'app.js',
    ],
    environment: {
      PORT: String(port),
      NODE_ENV: 'production',
      NODELENS_MODEL: 'rules',
      NODELENS_OBSERVER: 'off',
    },
    output: log,
    errors: log,
  })
  try {
    if (!(await isListening(port, 20_000)) || service.pid === undefined) {
      throw new Error(`${truth.id} did not listen; see ${log}`)
    }
    return await ask(`http://127.0.0.1:${port}${path}`, service.pid)
  } finally {
    await service.stop()
    staged.remove()
  }
}

async function ask(url: string, pid: number): Promise<Reading> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const latenciesMs: number[] = []
  let isOver = false
  const client = async (): Promise<void> => {
    while (!isOver) {
      const since = performance.now()
      await answered(url, agent)
      latenciesMs.push(performance.now() - since)
    }
  }
  const all = Promise.all(Array.from({ length: clients }, client))
  await Promise.race([delay(warmUpMs), all])
  latenciesMs.length = 0
  const since = performance.now()
  const cpuMsBefore = cpuMs(pid)
  await Promise.race([delay(measureMs), all])
  const usedMs = cpuMs(pid) - cpuMsBefore
  const sorted = [...latenciesMs].sort((a, b) => a - b)
  const seconds = (performance.now() - since) / 1000
  isOver = true
  await all
  agent.destroy()
  return {
    requestsPerSecond: sorted.length / seconds,
    cpuUsPerRequest: (usedMs * 1000) / sorted.length,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
  }
}

function answered(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      response.resume()
      response.on('end', resolve)
      response.on('error', reject)
    })
    request.on('error', reject)
    request.setTimeout(10_000, () => request.destroy(new Error('no answer in 10 s')))
  })
}

function cpuMs(pid: number): number {
  const usage = readUsage(pid)
  if (usage === undefined) throw new Error(`/proc says nothing of process ${pid}: it has ended`)
  return usage.cpuMs
}

function middle(readings: readonly Reading[]): Reading {
  const of = (field: keyof Reading): number => median(readings.map((one) => one[field]))
  return {
    requestsPerSecond: of('requestsPerSecond'),
    cpuUsPerRequest: of('cpuUsPerRequest'),
    p99Ms: of('p99Ms'),
  }
}
