/**
 * How does the parser of model answers compare with BAML's, which beamlens uses? Every mutation of
 * every answer is given to both. BAML is no dependency of ours (it brings install analytics):
 *
 *     npm install --no-save --ignore-scripts @boundaryml/baml@0.226.2
 *     node dist/bench/parser/main.js
 *
 * Each divergence is one JSON line; the last line counts.
 */
import { toolSchemas } from '../../agents/models/action-schema.ts'
import { parseAction } from '../../agents/models/parse-action.ts'
import { coordinatorIntents } from '../../agents/vocabulary/coordinator-action.ts'
import { isObject } from '../../agents/vocabulary/json.ts'
import { operatorIntents } from '../../agents/vocabulary/operator-action.ts'
import { answers } from './answers.ts'
import { bamlParser } from './baml-parser.ts'
import { mutations } from './mutations.ts'

const agents = {
  operator: toolSchemas({ agent: 'operator', tools: operatorIntents }),
  coordinator: toolSchemas({ agent: 'coordinator', tools: coordinatorIntents }),
}
const baml = {
  operator: await bamlParser(agents.operator),
  coordinator: await bamlParser(agents.coordinator),
}

/** Keys in order and without null: what an action means. */
function meaning(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(meaning)
  if (!isObject(value)) return value
  const entries = Object.entries(value).filter(([, item]) => item !== null && item !== undefined)
  return Object.fromEntries(
    entries
      .map(([key, item]): [string, unknown] => [key, meaning(item)])
      .sort(([left], [right]) => left.localeCompare(right)),
  )
}

type Verdict = 'same' | 'both-refuse' | 'only-ours' | 'only-baml' | 'differ'
const counts: Record<string, Partial<Record<Verdict, number>>> = {}
const total: Record<Verdict, number> = {
  same: 0,
  'both-refuse': 0,
  'only-ours': 0,
  'only-baml': 0,
  differ: 0,
}

function verdictOn(ours: string | undefined, theirs: string | undefined): Verdict {
  if (ours === undefined) return theirs === undefined ? 'both-refuse' : 'only-baml'
  if (theirs === undefined) return 'only-ours'
  return ours === theirs ? 'same' : 'differ'
}

for (const { agent, action } of answers) {
  for (const [mutation, mutate] of Object.entries(mutations)) {
    const text = mutate(action)
    if (text === undefined) continue
    const parsed = parseAction(agents[agent], text)
    const ours = parsed.ok ? JSON.stringify(meaning(parsed.action)) : undefined
    const read = baml[agent](text)
    const theirs = read === undefined ? undefined : JSON.stringify(meaning(read))
    const verdict = verdictOn(ours, theirs)
    total[verdict] += 1
    const row = (counts[mutation] ??= {})
    row[verdict] = (row[verdict] ?? 0) + 1
    if (verdict === 'same' || verdict === 'both-refuse') continue
    console.log(JSON.stringify({ mutation, verdict, text, ours, theirs }))
  }
}
for (const [mutation, row] of Object.entries(counts))
  console.log(JSON.stringify({ mutation, ...row }))
console.log(JSON.stringify(total))
