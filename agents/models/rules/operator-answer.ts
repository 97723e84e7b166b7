/** Answers a question to an operator from what its run has seen: the facts that share its words. */
import { bounds } from '../../vocabulary/bounds.ts'
import { isJsonObject, type Json } from '../../vocabulary/json.ts'
import type { OperatorRequest } from '../../vocabulary/model-request.ts'
import type { OperatorAction } from '../../vocabulary/operator-action.ts'
import { sentence } from './findings.ts'
import { rowsOf, stepsOf } from './history.ts'

/** What is known of the run besides. */
export interface AnswerFrame {
  readonly summary: string
  readonly gaps: readonly string[]
}

interface Fact {
  readonly text: string
  readonly weight: number
}

/** Facts in an answer at most. */
const maxFacts = 8
/** Rows and fields that are looked at. */
const maxCandidates = 2_000
const rowCharacters = 240

/** The most telling facts first; without a question, all that was found. */
export function answerTo(request: OperatorRequest, frame: AnswerFrame): OperatorAction {
  const concerns = frame.gaps.map(sentence).slice(0, 20)
  const { question } = request
  if (question === undefined) {
    const findings = request.notifications.slice(-20).map((one) => one.observation)
    return { intent: 'answer', summary: frame.summary, findings, concerns }
  }
  const findings = factsFor(question.text, request)
  const [first] = findings
  const asked = question.text.slice(0, 120)
  const summary =
    first === undefined
      ? `Nothing that this run has looked at speaks of "${asked}". ${frame.summary}`
      : `${findings.length === 1 ? 'One fact speaks' : `${findings.length} facts speak`} of that. ${first}`
  return { intent: 'answer', summary: sentence(summary), findings, concerns }
}

function factsFor(question: string, request: OperatorRequest): string[] {
  const wanted = wordsOf(question)
  const ranked = candidates(request)
    .map(({ text, weight }) => ({ text, score: weight * shared(wanted, text) }))
    .filter(({ score }) => score > 0)
    .sort((left, right) => right.score - left.score)
  return [...new Set(ranked.map(({ text }) => sentence(text)))].slice(0, maxFacts)
}

/** Findings weigh more than rows of a closer look, and these more than a number of a snapshot. */
function candidates(request: OperatorRequest): Fact[] {
  const found = request.notifications.map(({ type, observation }) => ({
    text: `${observation} (${type})`,
    weight: 3,
  }))
  const rows = stepsOf(request.turns).flatMap(({ action, result }) =>
    action.intent === 'execute' && result?.ok === true ? rowsOf(result.value) : [],
  )
  const looked = rows.map((row) => ({ text: rowText(row), weight: 2 }))
  const newest = request.snapshots.at(-1)
  const fields = newest === undefined ? [] : leaves(newest.data, '')
  const numbers = fields.map(([path, value]) => ({ text: `${path} is ${value}`, weight: 1 }))
  return [...found, ...looked, ...numbers].slice(0, maxCandidates)
}

function rowText(row: Json): string {
  const fields = leaves(row, '').map(([path, value]) => `${path} ${value}`)
  return fields.join(', ').slice(0, rowCharacters)
}

function leaves(value: Json, path: string): [string, string][] {
  if (Array.isArray(value)) return []
  if (value === null) return []
  if (!isJsonObject(value)) {
    return path === '' ? [] : [[path, typeof value === 'string' ? value : JSON.stringify(value)]]
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, path === '' ? key : `${path}.${key}`),
  )
}

/** How many of the wanted words stand in a text, as words or as the beginning of one. */
function shared(wanted: readonly string[], text: string): number {
  const words = wordsOf(text.slice(0, bounds.sentenceCharacters))
  return wanted.filter((want) => words.some((word) => word.startsWith(want))).length
}

const common = new Set(
  'the and for are was what which who how why does did has have with from that this there your you its not can now'.split(
    ' ',
  ),
)

/** `loopDelayMs` counts as its parts; a plural as its singular. */
function wordsOf(text: string): string[] {
  return text
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word.length > 2 && !common.has(word))
    .map((word) => (word.length > 3 && word.endsWith('s') ? word.slice(0, -1) : word))
}
