/**
 * Compares nodelens with OTP on many programs: `npm run differential -- --programs 10000`.
 * Prints progress and every divergence, shrunk; ends with 1 if one was not known.
 */

import { parseArgs } from 'node:util'
import { Laboratory } from './campaign.ts'
import { otpVersion } from './erlang.ts'
import { FAMILIES, type Family } from './placement.ts'
import { describeDivergence } from './show.ts'

const usage = `differential
  --programs N       programs in each placement (200)
  --seed N           the first seed; every program has the next one (1)
  --placement NAME   ${FAMILIES.join(', ')}; several times for several; none: all`

interface Settings {
  readonly programs: number
  readonly seed: number
  readonly families: readonly Family[]
}

const PROGRESS_EVERY = 250

async function main(): Promise<void> {
  const { programs, seed, families } = readSettings(process.argv.slice(2))
  const version = otpVersion()
  if (version === undefined) fail('There is no erl here. On Debian: apt-get install erlang-base')
  console.log(`nodelens on Node ${process.versions.node} against OTP ${version}`)
  const laboratory = await Laboratory.open()
  let found = 0
  for (const family of families) {
    const startedAt = performance.now()
    const divergences = await laboratory.run({
      family,
      firstSeed: seed,
      programs,
      onProgress: (done) => {
        if (done % PROGRESS_EVERY === 0) console.log(`${family}: ${done} of ${programs}`)
      },
      onDivergence: (divergence) => console.log(`\n✖ ${describeDivergence(divergence)}\n`),
    })
    const fresh = divergences.filter(({ knownAs }) => knownAs === undefined)
    found += fresh.length
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    console.log(
      `${family}: ${programs} programs, seeds ${seed} to ${seed + programs - 1}, ${divergences.length} diverge, ${divergences.length - fresh.length} of them known, ${seconds} s`,
    )
  }
  await laboratory.close()
  process.exitCode = found > 0 ? 1 : 0
}

function readSettings(argv: string[]): Settings {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        programs: { type: 'string', default: '200' },
        seed: { type: 'string', default: '1' },
        placement: { type: 'string', multiple: true, default: [...FAMILIES] },
      },
    })
    return {
      programs: count('--programs', values.programs),
      seed: count('--seed', values.seed),
      families: values.placement.map(familyNamed),
    }
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

function familyNamed(name: string): Family {
  const family = FAMILIES.find((one) => one === name)
  if (family) return family
  throw new RangeError(`--placement expects ${FAMILIES.join(', ')}, got '${name}'`)
}

function count(option: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new RangeError(`${option} expects a whole number above 0, got '${text}'`)
}

function fail(message: string): never {
  console.error(`${message}\n\n${usage}`)
  process.exit(2)
}

await main()
