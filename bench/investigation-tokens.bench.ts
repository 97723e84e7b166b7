/**
 * What an investigation costs in tokens: runs that were recorded under the incident suite, played through the
 * real gateway and prompt builder by a model that answers as recorded. Deterministic; nothing is sent anywhere.
 *
 *     npx tsc && node dist/bench/investigation-tokens.bench.js
 */
import { costOf, type Price } from '../agents/models/prices.ts'
import { median } from './measurement.ts'
import { recordedRuns } from './tokens/recorded-run.ts'
import { type Counted, countRun } from './tokens/replay.ts'

/** Dollars per million tokens in November 2026; reference: docs/agents.md. */
const prices: Readonly<Record<string, Price>> = {
  'gemini-3.8-flash': { inputPerMillion: 0.75, outputPerMillion: 3.75, cachedPerMillion: 0.075 },
  'claude-haiku-4-5': { inputPerMillion: 1, outputPerMillion: 5, cachedPerMillion: 0.1 },
}

const rows: Counted[] = []
for (const run of recordedRuns()) {
  const counted = await countRun(run)
  rows.push(counted)
  const agents = run.conversations.map(({ request }) =>
    request.agent === 'operator' ? request.skill.id : 'coordinator',
  )
  console.log(JSON.stringify({ incident: run.incident, agents, ...counted, ...dollars(counted) }))
}
const all = rows.map(({ inputTokens, outputTokens }) => inputTokens + outputTokens)
const paid = rows.map(
  ({ inputTokens, cachedTokens, outputTokens }) => inputTokens - cachedTokens + outputTokens,
)
console.log(
  `\n${rows.length} investigations: ${median(all)} tokens in the median (${Math.min(...all)} to ${Math.max(...all)}), ${median(paid)} of them not read from a provider's cache; beamlens publishes about 10 000`,
)

function dollars(counted: Counted): Readonly<Record<string, string>> {
  const tokens = { ...counted, reasoningTokens: 0 }
  return Object.fromEntries(
    Object.entries(prices).map(([name, price]) => [
      name,
      `$${(costOf(tokens, price) ?? 0).toFixed(4)}`,
    ]),
  )
}
