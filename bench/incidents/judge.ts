/** Whether one claim is right about one incident (pure). */
import { basename } from 'node:path'
import type { Claim } from './claim.ts'
import type { FaultTruth } from './truth.ts'

/** Lines by which a place may be off: the call and the statement it stands in. */
const lineTolerance = 8

/** A statement with words of this many kinds of fault has guessed, not diagnosed. */
const kindsOfAGuess = 6
const kindsOfFault: readonly RegExp[] = [
  /memory leak|heap (is )?grow/i,
  /event.?loop/i,
  /redos|backtrack/i,
  /pool (is )?(exhaust|saturat)|connection pool/i,
  /(socket|descriptor) leak/i,
  /slow (up|down)stream|upstream latency/i,
  /\bgc\b|garbage/i,
  /thread ?pool/i,
  /deadlock|mutex/i,
  /crash loop|out of memory/i,
]

/** What of a claim is right. `undefined`: the truth asks nothing of this kind. */
export interface Verdict {
  /** All groups of words are there, and no wrong claim. */
  readonly isRootCause: boolean
  readonly groupsFound: number
  readonly namesFile: boolean | undefined
  readonly namesFunction: boolean | undefined
  readonly namesLine: boolean | undefined
  readonly hasRemedy: boolean
  /** What it claims and must not. */
  readonly wrong: readonly string[]
}

/** Judges statement and place of a claim against the truth. */
export function judge(truth: FaultTruth, claim: Claim): Verdict {
  const where = `${claim.statement}\n${claim.place}`
  const groupsFound = truth.mustMention.filter((group) => mentionsOneOf(where, group)).length
  const wrong = truth.mustNotClaim.filter((words) => claims(claim.statement, words))
  const isGuess = kindsOfFault.filter((kind) => kind.test(claim.statement)).length >= kindsOfAGuess
  const { acceptFiles, acceptFunctions } = truth
  return {
    isRootCause: !isGuess && groupsFound === truth.mustMention.length && wrong.length === 0,
    groupsFound,
    namesFile: acceptFiles.length === 0 ? undefined : mentionsOneOf(where, acceptFiles),
    namesFunction:
      acceptFunctions.length === 0
        ? undefined
        : acceptFunctions.some((name) => hasIdentifier(where, name)),
    namesLine: namesLine(truth, claim),
    hasRemedy: truth.remedyMustMention.every((group) =>
      mentionsOneOf(`${claim.remedy}\n${claim.statement}`, group),
    ),
    wrong,
  }
}

function mentionsOneOf(text: string, words: readonly string[]): boolean {
  const lower = text.toLowerCase()
  return words.some((word) => lower.includes(word.toLowerCase()))
}

function hasIdentifier(text: string, name: string): boolean {
  return new RegExp(`(?<![\\w$])${escaped(name)}(?![\\w$])`).test(text)
}

/** A denial ("not a memory leak") is no claim. */
function claims(statement: string, words: string): boolean {
  if (!mentionsOneOf(statement, [words])) return false
  const denial = `\\b(no|not|without|instead of|rather than|ruled out)\\b[^.]{0,30}${escaped(words)}`
  return !new RegExp(denial, 'i').test(statement)
}

function namesLine({ culpritFile, culpritLine }: FaultTruth, claim: Claim): boolean | undefined {
  if (culpritFile === undefined || culpritLine === undefined) return undefined
  const pattern = new RegExp(`${escaped(basename(culpritFile))}:(\\d+)`, 'g')
  const named = [...`${claim.place}\n${claim.statement}`.matchAll(pattern)]
  return named.some(([, line]) => Math.abs(Number(line) - culpritLine) <= lineTolerance)
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
