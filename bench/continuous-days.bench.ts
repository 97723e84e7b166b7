/**
 * What continuous operators of all built-in skills cost a month: days in virtual time, healthy ones and ones with an
 * hour's fault each, times the tokens that one look of a model cost in recorded runs. beamlens published about
 * 1 000 $ a month for its continuous mode, all core skills.
 *
 *     npx tsc && node dist/bench/continuous-days.bench.js [--seeds 5] [--days 14]
 */
import { parseArgs } from 'node:util'
import { costOf, type Price } from '../agents/models/prices.ts'
import { DAY_MS, HOUR_MS, STEP_MS } from './fortnight/calendar.ts'
import { FAULTS } from './fortnight/faults.ts'
import { median } from './measurement.ts'
import { recordedRuns } from './tokens/recorded-run.ts'
import { type Counted, countConversation, countRun } from './tokens/replay.ts'
import { type Days, describeSkills, type Planned, runDays } from './tokens/virtual-days.ts'

const MONTH_DAYS = 30
/** How often an ungated operator would ask: beamlens's prompt suggested 30 seconds when all is well. */
const UNGATED_MS = 30_000
/** Dollars per million tokens in November 2026. */
const PRICES: Readonly<Record<string, Price>> = {
  'gemini-3.8-flash': { inputPerMillion: 0.75, outputPerMillion: 3.75, cachedPerMillion: 0.075 },
  'claude-haiku-4-5': { inputPerMillion: 1, outputPerMillion: 5, cachedPerMillion: 0.1 },
}

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '5' }, days: { type: 'string', default: '14' } },
})
const days = Number(values.days)
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => 100 + index)
const skills = describeSkills()
const runs = recordedRuns()
const conversations = runs.flatMap((run) => run.conversations)
const looks: Counted[] = []
const quietLooks: Counted[] = []
for (const one of conversations) {
  if (one.request.agent === 'coordinator') continue
  // Behind the gate there is something to find: a look that found nothing would make it seem cheaper.
  const found = one.request.notifications.length > 0 ? looks : quietLooks
  found.push(await countConversation(one))
}
const investigations: Counted[] = []
for (const run of runs) investigations.push(await countRun(run))
const look = middle(looks)
const investigation = middle(investigations)
console.log(
  `one look of a model: ${JSON.stringify(look)}\none investigation: ${JSON.stringify(investigation)}\n`,
)

const faultADay = FAULTS.filter(({ isHarmless }) => isHarmless !== true)
const planned: Planned[] = Array.from({ length: days }, (_, day) => {
  const fault = faultADay[day % faultADay.length]
  const at = Math.round((day * DAY_MS + 11 * HOUR_MS) / STEP_MS) * STEP_MS
  return fault === undefined ? [] : [{ fault, at, forMs: HOUR_MS }]
}).flat()

report(
  'healthy',
  seeds.map((seed) => runDays(seed, days, [], skills)),
)
report(
  'an hour of a fault each day',
  seeds.map((seed) => runDays(seed, days, planned, skills)),
)
const ungated = (skills.length * DAY_MS) / UNGATED_MS
console.log(
  `without the gate, each of ${skills.length} skills asked every ${UNGATED_MS / 1000} s: ${ungated} looks a day, ${monthly(times(middle(quietLooks), ungated))} a month`,
)

function report(name: string, all: readonly Days[]): void {
  const total = seeds.length * days
  const asked = all.flatMap((one) => one.asked)
  const raised = all.reduce((sum, one) => sum + one.raised, 0)
  const perDay = asked.length / total
  const why = JSON.stringify(countBy(asked.map((one) => one.why)))
  console.log(
    `${name}: ${total} days, ${perDay.toFixed(2)} looks of a model a day ${why}, ${(raised / total).toFixed(2)} changes raised a day, ${Math.round(perDay * (look.inputTokens + look.outputTokens))} tokens a day, ${monthly(times(look, perDay))} a month; with the investigations of what was raised ${monthly(plus(times(look, perDay), times(investigation, raised / total)))}`,
  )
}

function countBy(all: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const one of all) counts[one] = (counts[one] ?? 0) + 1
  return counts
}

function middle(all: readonly Counted[]): Counted {
  const of = (pick: (one: Counted) => number): number => Math.round(median(all.map(pick)))
  return {
    turns: of((one) => one.turns),
    inputTokens: of((one) => one.inputTokens),
    cachedTokens: of((one) => one.cachedTokens),
    outputTokens: of((one) => one.outputTokens),
  }
}

function times(one: Counted, factor: number): Counted {
  return {
    turns: one.turns * factor,
    inputTokens: one.inputTokens * factor,
    cachedTokens: one.cachedTokens * factor,
    outputTokens: one.outputTokens * factor,
  }
}

function plus(left: Counted, right: Counted): Counted {
  return {
    turns: left.turns + right.turns,
    inputTokens: left.inputTokens + right.inputTokens,
    cachedTokens: left.cachedTokens + right.cachedTokens,
    outputTokens: left.outputTokens + right.outputTokens,
  }
}

/** Without and with a provider's cache, for each model. */
function monthly(day: Counted): string {
  return Object.entries(PRICES)
    .map(([name, price]) => {
      const usd = (cachedTokens: number): string =>
        ((costOf({ ...day, cachedTokens, reasoningTokens: 0 }, price) ?? 0) * MONTH_DAYS).toFixed(2)
      return `$${usd(0)} (cached: $${usd(day.cachedTokens)}) ${name}`
    })
    .join(', ')
}
