/** Runs subjects under loads, each cell in a process of its own, in turn over several rounds. */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { BenchSettings, Measurement } from './measurement.ts'

const run = promisify(execFile)
const PATIENCE_MS = 120_000
const projectRoot = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '..' : '../..', import.meta.url),
)

/** What one cell measures, and under which of its names it comes back. */
export interface Column {
  readonly load: string
  readonly metric: string
  readonly unit: string
  /** `cpuUs`: of all threads, for each operation; other programs on the machine do not matter. */
  readonly reading: 'perSecond' | 'middleUs' | 'cpuUs' | 'bytesEach' | 'lateMs'
}

/** Somebody to be measured. */
export interface Contestant {
  readonly variant: string
  /** What it can do; absent: all. */
  readonly loads?: readonly string[]
  readonly command: (load: string, times: readonly string[]) => readonly [string, readonly string[]]
}

export async function measureCells(
  columns: readonly Column[],
  contestants: readonly Contestant[],
  settings: BenchSettings,
): Promise<readonly Measurement[]> {
  const { smoke, log } = settings
  const rounds = smoke ? 1 : 3
  const times = smoke ? ['1', '1'] : ['400', '500']
  const readings = new Map<string, number[]>()
  const loads = [...new Set(columns.map(({ load }) => load))]
  for (let round = 0; round < rounds; round++) {
    for (const load of loads) {
      const order = round % 2 === 0 ? contestants : contestants.toReversed()
      for (const contestant of order) {
        if (contestant.loads && !contestant.loads.includes(load)) continue
        const reading = await cell(contestant, load, times)
        log(
          `round ${round + 1} of ${rounds}, ${load}, ${contestant.variant}: ${JSON.stringify(reading)}`,
        )
        for (const column of columns) {
          const value = column.load === load ? reading[column.reading] : undefined
          if (value === undefined) continue
          const key = `${column.metric}|${column.unit}|${contestant.variant}`
          readings.set(key, [...(readings.get(key) ?? []), value])
        }
      }
    }
  }
  return [...readings].map(([key, values]) => {
    const [metric = '', unit = '', variant = ''] = key.split('|')
    return { metric, unit, variant, readings: values }
  })
}

async function cell(
  { command, variant }: Contestant,
  load: string,
  times: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const [file, args] = command(load, times)
  const { stdout } = await run(file, args, { timeout: PATIENCE_MS, maxBuffer: 1 << 20 })
  const last = stdout.trim().split('\n').at(-1) ?? ''
  const reading: unknown = JSON.parse(last)
  if (!isReading(reading)) throw new Error(`${variant} under ${load} printed '${last}'`)
  return reading
}

function isReading(value: unknown): value is Readonly<Record<string, number>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((number) => typeof number === 'number')
  )
}

/** A subject of this repository, built or as source. */
export function ownSubject(variant: string, file: string, loads?: readonly string[]): Contestant {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  const url = new URL(`./actors/${file}${extension}`, import.meta.url).href
  return { variant, ...(loads ? { loads } : {}), command: nodeCommand(url) }
}

/** A library of `bench/peers`, where it is installed; absent, that is logged. */
export function peerSubject(
  variant: string,
  loads: readonly string[],
  { log }: BenchSettings,
): readonly Contestant[] {
  const folder = `${projectRoot}/bench/peers`
  if (!existsSync(`${folder}/node_modules/${variant}`)) {
    log(`${variant} is left out: run 'npm ci --prefix bench/peers' to have it`)
    return []
  }
  const url = pathToFileURL(`${folder}/${variant}.mjs`).href
  return [{ variant, loads, command: nodeCommand(url) }]
}

/** Real Erlang on one scheduler, where it is installed; absent, that is logged. */
export function erlang(loads: readonly string[], { log }: BenchSettings): readonly Contestant[] {
  if (spawnSync('escript', [], { stdio: 'ignore' }).error) {
    log('Erlang is left out: there is no escript here (Debian: apt-get install erlang-base)')
    return []
  }
  const script = `${projectRoot}/bench/erlang/actors.escript`
  return [
    { variant: 'Erlang', loads, command: (load, times) => ['escript', [script, load, ...times]] },
  ]
}

function nodeCommand(url: string): Contestant['command'] {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  const program = fileURLToPath(new URL(`./fixtures/actor-cell${extension}`, import.meta.url))
  return (load, times) => [process.execPath, ['--expose-gc', program, url, load, ...times]]
}
