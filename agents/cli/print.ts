/** What the command prints, as text. Pure. */
import type { TreeNode } from '../../runtime/index.ts'
import type { CoordinatorResult } from '../loop/coordinator-run.ts'
import type { Insight } from '../vocabulary/insight.ts'

/** Control characters of names and texts that come from an application never reach the terminal. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** The result for people: insights first, then how sure the run itself is. */
export function resultText(result: CoordinatorResult): string {
  const found = result.insights.map(insightText)
  if (found.length === 0) found.push('Nothing was found.')
  const failed = result.operatorResults
    .filter(({ status }) => status !== 'completed')
    .map(({ skill, status, reason }) => `The operator of '${skill}' ${status}: ${reason ?? ''}`)
  const repeats = (result.repeats ?? []).map(
    ({ insightId, summary, occurrences }) =>
      `Told before (${insightId}), met ${occurrences} times by now: ${summary}`,
  )
  const partial = result.partial
    ? [`The run ended early (${result.outcome}): this is what is known.`]
    : []
  return `${[...found, ...repeats, ...failed, ...partial].join('\n\n').replace(CONTROL, '')}\n`
}

function insightText(insight: Insight): string {
  const { severity, summary, rootCauseHypothesis, location, confidence, remediation, model } =
    insight
  const where =
    location === undefined ? undefined : `${location.function}  ${location.file}:${location.line}`
  const rows: [string, string | undefined][] = [
    ['where', where],
    ['why', rootCauseHypothesis],
    ['how sure', confidence],
    ['UNVERIFIED', insight.unverified?.join('; ')],
    ['again', againText(insight)],
    ['rests on', chainText(insight)],
    ['remedy', remediation],
    ['model', model],
  ]
  const lines = rows.flatMap(([name, text]) => (text ? [`  ${name.padEnd(10)} ${text}`] : []))
  return [`${severity.toUpperCase()}  ${summary}`, ...lines].join('\n')
}

function againText({ repeatOf, occurrences }: Insight): string | undefined {
  return repeatOf === undefined
    ? undefined
    : `told first as ${repeatOf}, met ${occurrences ?? 2} times by now`
}

/** Links of the chain and measurements of a link that a line shows. */
const maxShown = 3

/** `r1.vm.1.n1: lagMs = 900 (r1.vm.1.s1 /lagMs)`: where a reader finds it in the JSON. */
function chainText({ evidenceChain = [] }: Insight): string | undefined {
  if (evidenceChain.length === 0) return undefined
  const links = evidenceChain.slice(0, maxShown).map(({ notificationId, measurements }) => {
    const numbers = measurements
      .slice(0, maxShown)
      .map(({ name, value, unit = '', snapshotId, path }) => {
        const where = snapshotId === undefined ? 'result' : `${snapshotId} ${path ?? ''}`.trim()
        return `${name} = ${value}${unit} (${where})`
      })
    return numbers.length === 0 ? notificationId : `${notificationId}: ${numbers.join(', ')}`
  })
  const more = evidenceChain.length - links.length
  return [...links, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

/** The actor tree, one line an actor. */
export function treeText(nodes: readonly TreeNode[], depth = 0): string {
  return nodes
    .map((node) => {
      const name = `${'  '.repeat(depth)}${node.id}`.replace(CONTROL, '').slice(0, 44).padEnd(45)
      const { pid, status, mailbox, handled, restarts, thread } = node
      const row = [
        name,
        pid.padEnd(10),
        thread.name.replace(CONTROL, '').slice(0, 20).padEnd(21),
        status.padEnd(13),
        String(mailbox).padStart(6),
        String(handled).padStart(9),
        String(restarts).padStart(9),
      ].join(' ')
      return `${row}\n${treeText(node.children, depth + 1)}`
    })
    .join('')
}

export const TREE_HEAD = `${'actor'.padEnd(45)} ${'pid'.padEnd(10)} ${'thread'.padEnd(21)} ${'status'.padEnd(13)} ${'mail'.padStart(6)} ${'handled'.padStart(9)} ${'restarts'.padStart(9)}\n`
