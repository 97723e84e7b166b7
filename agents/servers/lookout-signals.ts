/** Which continuous operators a signal of the probe gateway concerns, and what they are told of it. */
import type { GatewaySignal } from '../../skills/index.ts'

/** What the probe gateway raises by itself, as far as it opens a gate. */
export type HeardSignal = Extract<GatewaySignal, { type: 'stall' | 'heap' | 'symptom' }>

/** Skills that know of a signal that names none. */
const concerned = { stall: ['vm_events', 'vm'], heap: ['tables', 'gc', 'vm'] } as const

/**
 * The first of the skills that are watched and know of it; a baseline that was left concerns the
 * skill whose metric it is (`http_inOpen rises`), and `anomaly` itself if that is watched.
 */
export function skillsOf(
  signal: HeardSignal,
  watched: readonly string[],
): { readonly reason: string; readonly ids: readonly string[] } {
  const reason = reasonOf(signal)
  if (signal.type !== 'symptom') {
    const first = concerned[signal.type].find((id) => watched.includes(id))
    return { reason, ids: first === undefined ? [] : [first] }
  }
  const { skill, key } = signal
  const owner =
    skill === 'anomaly'
      ? watched
          .filter((id) => key.startsWith(`${id}_`))
          .sort((left, right) => right.length - left.length)[0]
      : undefined
  const ids = [owner, skill].filter((id): id is string => id !== undefined && watched.includes(id))
  return { reason, ids: ids.slice(0, 1) }
}

function reasonOf(signal: HeardSignal): string {
  if (signal.type === 'symptom') return signal.reason
  if (signal.type === 'stall') {
    return `The event loop has been blocked for ${Math.round(signal.durationMs)} ms.`
  }
  const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20)
  const what = signal.what === 'heap' ? 'The heap' : 'The memory outside the heap'
  return `${what} keeps growing: from ${megabytes(signal.fromBytes)} MB to ${megabytes(signal.toBytes)} MB.`
}
