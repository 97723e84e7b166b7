/**
 * Runs the benches: `npm run bench [-- --smoke] [--only name]… [--out file]`.
 *
 * Each prints its question, a JSON line per measurement, and a table with the ratio to the same
 * program without nodelens, measured in turn in the same run.
 */
import { appendFileSync, existsSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { actorLives } from './actor-lives.bench.ts'
import { actorMessages } from './actor-messages.bench.ts'
import { actorThreads } from './actor-threads.bench.ts'
import { httpOverhead } from './http-overhead.bench.ts'
import { idleCost } from './idle-cost.bench.ts'
import { type Bench, type BenchSettings, jsonLines, table } from './measurement.ts'
import { operatorRestart } from './operator-restart.bench.ts'
import { stallToInsight } from './stall-to-insight.bench.ts'
import { telemetryCost } from './telemetry-cost.bench.ts'
import { threadDeaths } from './thread-deaths.bench.ts'

const benches: readonly Bench[] = [
  idleCost,
  httpOverhead,
  stallToInsight,
  operatorRestart,
  actorMessages,
  actorLives,
  actorThreads,
  threadDeaths,
  telemetryCost,
]

const usage = `npm run bench -- [options]
  --smoke          one short round each: shows that they work, not how fast anything is
  --only NAME      only this bench, may be repeated: ${benches.map(({ name }) => name).join(', ')}
  --out FILE       append the JSON lines to FILE
  --register FILE  the module that the variant 'on' imports (agents/register)`

interface Options extends BenchSettings {
  readonly chosen: readonly Bench[]
  readonly out: string | undefined
}

async function main(): Promise<void> {
  const { chosen, out, ...settings } = readOptions()
  const [cpu] = cpus()
  const memoryGb = (totalmem() / 2 ** 30).toFixed(0)
  console.log(
    `${process.version} on ${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, ${memoryGb} GB`,
  )
  for (const bench of chosen) {
    console.log(`\n── ${bench.name}: ${bench.question}`)
    const measurements = await bench.run(settings)
    const lines = jsonLines(bench.name, measurements, settings.smoke)
    console.log(`${lines}\n\n${table(measurements, bench.baseline)}`)
    if (out !== undefined) appendFileSync(out, `${lines}\n`)
  }
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        smoke: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        out: { type: 'string' },
        register: { type: 'string' },
      },
    })
    const unknown = values.only.filter((wanted) => !benches.some(({ name }) => name === wanted))
    if (unknown.length > 0) throw new Error(`no bench is called ${unknown.join(', ')}`)
    const registerPath = values.register ?? builtRegister()
    if (!existsSync(registerPath))
      throw new Error(`${registerPath} is not there: build it, or name another`)
    const chosen =
      values.only.length === 0 ? benches : benches.filter(({ name }) => values.only.includes(name))
    return {
      smoke: values.smoke,
      registerPath,
      out: values.out,
      chosen,
      log: (line) => console.error(line),
    }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return process.exit(2)
  }
}

function builtRegister(): string {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  return fileURLToPath(new URL(`../agents/register${extension}`, import.meta.url))
}

await main()
