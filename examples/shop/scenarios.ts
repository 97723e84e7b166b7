import type { FaultName } from './faults.ts'
import type { SeenInsight } from './insight-file.ts'
import type { Attack } from './messages.ts'

/** One mistake of the shop, and what nodelens must find out about it by itself. */
export interface Scenario {
  readonly title: string
  readonly story: string
  readonly fault: FaultName
  readonly attack: Attack
  /** Asked for after `afterMs`; without it, nodelens has to notice by itself. */
  readonly ask?: {
    readonly reason: string
    readonly skills: readonly string[]
    readonly afterMs: number
  }
  readonly culprit: { readonly file: string; readonly names: readonly string[] }
}

export const scenarios: readonly Scenario[] = [
  {
    title: 'A price cache that never evicts',
    story: 'The key is the whole address, and every visitor has another one.',
    fault: 'unbounded_price_cache',
    attack: 'none',
    ask: {
      reason: 'memory grows and does not come back',
      skills: ['vm', 'tables'],
      afterMs: 8_000,
    },
    culprit: { file: 'pricing', names: ['priceCache', 'rememberQuote', 'quotePrice'] },
  },
  {
    title: 'A catastrophic regular expression',
    story: 'One visitor in forty types a coupon that the pattern almost matches.',
    fault: 'slow_coupon_check',
    attack: 'coupon',
    culprit: { file: 'cart', names: ['isCouponCode', 'applyCoupon'] },
  },
  {
    title: 'A synchronous hog in a request handler',
    story: 'One visitor in forty is a wholesaler, and each line counts the whole invoice again.',
    fault: 'quadratic_invoice',
    attack: 'wholesale',
    culprit: { file: 'orders', names: ['quantityInCategory', 'invoiceTotals'] },
  },
]

/** Whether an insight names the culprit: its file, and a function or variable that is to blame. */
export function names(insight: SeenInsight, { culprit }: Scenario): boolean {
  const { location, rootCauseHypothesis = '' } = insight
  const file = location?.file?.replaceAll('\\', '/').split('/').at(-1) ?? ''
  if (file !== `${culprit.file}.ts` && file !== `${culprit.file}.js`) return false
  const said = `${location?.function ?? ''} ${insight.summary} ${rootCauseHypothesis}`
  return culprit.names.some((name) => said.includes(name))
}
