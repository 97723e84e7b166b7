/**
 * A fortnight of a healthy service in virtual time, and faults of stated sizes on its tenth day: false triggers a
 * day and how long it takes to notice, for the detector of the skill `anomaly` and for the rule of beamlens.
 *
 *     npx tsc && node dist/bench/anomaly-fortnight.bench.js [--seeds 20] [--first 100] [--verbose]
 */
import { parseArgs } from 'node:util'
import { DAY_MS, HOUR_MS, STEP_MS } from './fortnight/calendar.ts'
import { FAULTS } from './fortnight/faults.ts'
import { type Delays, type HealthyRun, runFault, runHealthy } from './fortnight/run.ts'

const DAYS = 14
/** Faults begin on working days at several hours. */
const MOMENTS = [8 * DAY_MS + 11 * HOUR_MS, 9 * DAY_MS + 2 * HOUR_MS].map(
  (at) => Math.round(at / STEP_MS) * STEP_MS,
)

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    first: { type: 'string', default: '100' },
    healthy: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})

const delays = new Map<string, Delays[]>()
const counts: Record<'ours' | 'peers' | 'sparedPeers', number>[] = []
const who = {
  ours: 'nodelens',
  peers: 'beamlens rule',
  sparedPeers: 'beamlens rule, spared all that only grows',
} as const
const startedAt = performance.now()
for (let index = 0; index < Number(values.seeds); index += 1) {
  const seed = Number(values.first) + index
  const run = runHealthy(seed, DAYS, values.healthy ? [] : MOMENTS)
  const { sparedPeers } = run
  const count = { ours: run.ours.length, peers: run.peers.length, sparedPeers }
  counts.push(count)
  console.log(JSON.stringify({ seed, ...count }))
  if (values.verbose) tell(run)
  for (const world of run.kept) {
    const excused = new Set(
      run.peers
        .filter(({ at }) => at < world.at && at > world.at - DAY_MS)
        .flatMap(({ named }) => named),
    )
    for (const fault of FAULTS) {
      const found = delays.get(fault.name) ?? []
      const one = runFault(world, fault, excused)
      found.push(one)
      if (values.verbose) console.log(JSON.stringify({ seed, fault: fault.name, ...one }))
      delays.set(fault.name, found)
    }
  }
}

console.log(
  `\n${counts.length} fortnights, ${Math.round((performance.now() - startedAt) / 1000)} s`,
)
for (const key of ['ours', 'peers', 'sparedPeers'] as const) {
  const all = counts.map((count) => count[key])
  const perDay = all.reduce((sum, count) => sum + count, 0) / (all.length * DAYS)
  const clean = all.filter((count) => count === 0).length
  console.log(
    `${who[key]}: ${perDay.toFixed(3)} false triggers a day, none in ${clean} of ${all.length} fortnights, at most ${Math.max(...all)} in one`,
  )
}
console.log('\n| fault | noticed | median delay | slowest | beamlens rule | its median delay |')
console.log('| --- | --- | --- | --- | --- | --- |')
for (const { name, isHarmless } of FAULTS) {
  const found = delays.get(name) ?? []
  const ours = sortedOf(found.map((one) => one.ours))
  const peers = sortedOf(found.map((one) => one.peers))
  const label = isHarmless ? `${name} (better not)` : name
  console.log(
    `| ${label} | ${ours.length} of ${found.length} | ${minutes(ours[ours.length >> 1])} | ${minutes(ours.at(-1))} | ${peers.length} of ${found.length} | ${minutes(peers[peers.length >> 1])} |`,
  )
}

function sortedOf(found: readonly (number | undefined)[]): number[] {
  return found.filter((one) => one !== undefined).sort((left, right) => left - right)
}

function minutes(delayMs: number | undefined): string {
  return delayMs === undefined ? 'never' : `${(delayMs / 60_000).toFixed(1)} min`
}

function tell({ ours }: HealthyRun): void {
  for (const { at, text } of ours) {
    const day = Math.floor(at / DAY_MS)
    console.log(`  day ${day} ${((at % DAY_MS) / HOUR_MS).toFixed(2)} h: ${text}`)
  }
}
