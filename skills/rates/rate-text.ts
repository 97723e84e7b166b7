import type { Rise } from './rise.ts'

/** A rate for people: `1,350`, `20`, `2.5`, `0.05`. */
export function perSecondText(perSecond: number): string {
  if (perSecond >= 10) return Math.round(perSecond).toLocaleString('en-US')
  const digits = perSecond >= 1 ? 1 : 2
  return String(Number(perSecond.toFixed(digits)))
}

/** `, 20 a second for 6 s (none before)`; what is known of how a rate changed. */
export function riseText(rise: Rise, now: number): string {
  if (rise.type !== 'risen') return ''
  const seconds = Math.max(1, Math.round((now - rise.since) / 1000))
  const before = rise.beforePerSecond < 0.005 ? 'none' : perSecondText(rise.beforePerSecond)
  const learned = Math.round(rise.learnedMs / 1000)
  return `${perSecondText(rise.perSecond)} a second for ${seconds} s (in the ${learned} s before: ${before})`
}
