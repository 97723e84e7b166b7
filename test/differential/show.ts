/** Divergences, for people. */

import type { Divergence } from './campaign.ts'
import type { Json } from './reason.ts'

const MAX_LINES = 12

/** A divergence as people read it: the smallest program, then where the outcomes differ. */
export function describeDivergence({ seed, smallest, isSteady, knownAs }: Divergence): string {
  const { family, program, ours, otp } = smallest
  return [
    ...(knownAs === undefined ? [] : [`known: ${knownAs}`]),
    `seed ${seed}, placement ${family}${isSteady ? '' : ', not in every run'}. The smallest program:`,
    ...program.steps.map((step, index) => `  ${index}: ${JSON.stringify(step)}`),
    ...differences(ours, otp).map((line) => `  ${line}`),
  ].join('\n')
}

/** One line per place, with both values. */
function differences(ours: Json, otp: Json): string[] {
  const lines = [...differing(ours, otp, '')]
  const rest = lines.length - MAX_LINES
  return rest > 0 ? [...lines.slice(0, MAX_LINES), `… and ${rest} more`] : lines
}

function* differing(
  ours: Json | undefined,
  otp: Json | undefined,
  path: string,
): Generator<string> {
  if (JSON.stringify(ours) === JSON.stringify(otp)) return
  if (isTree(ours) && isTree(otp)) {
    const keys = new Set([...Object.keys(ours), ...Object.keys(otp)])
    const [left, right] = [new Map(Object.entries(ours)), new Map(Object.entries(otp))]
    for (const key of keys) yield* differing(left.get(key), right.get(key), `${path}.${key}`)
  } else {
    yield `${path.slice(1)}: ours ${JSON.stringify(ours)}, OTP ${JSON.stringify(otp)}`
  }
}

function isTree(
  json: Json | undefined,
): json is { readonly [key: string]: Json } | readonly Json[] {
  return typeof json === 'object' && json !== null
}
