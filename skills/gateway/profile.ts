import { isRecord, textOf } from '../json.ts'
import { ANONYMOUS, asPath, originOf } from '../source/frame.ts'
import type { Inspector } from './inspector.ts'

/** A line that the CPU profiler found hot: the fallback when stacks show only the engine. */
export interface ProfileHit {
  readonly function: string
  readonly file: string
  readonly line: number
  readonly sharePct: number
}

/**
 * Profiles main for a moment, also while it never yields, and says which lines were hot.
 *
 * The means for stalls whose stacks show only the engine (loops of `await null`). Starting costs
 * main 5 to 60 ms, depending on how much code is loaded.
 *
 * @returns Lines of the application, hottest first; none when main did not answer.
 */
export async function profileMain(
  inspector: Inspector,
  forMs: number,
  ownFolders: readonly string[],
): Promise<ProfileHit[]> {
  const options = { timeoutMs: 1000, chargeMs: 10 }
  try {
    await inspector.post('Profiler.enable', {}, { ...options, chargeMs: 1 })
    await inspector.post(
      'Profiler.setSamplingInterval',
      { interval: 1000 },
      { ...options, chargeMs: 0 },
    )
    await inspector.post('Profiler.start', {}, { ...options, chargeMs: 40 })
    await new Promise((resolve) => {
      setTimeout(resolve, forMs).unref()
    })
    const answer = await inspector.post('Profiler.stop', {}, options)
    await inspector.post('Profiler.disable', {}, { ...options, chargeMs: 1 })
    return hotLines(answer, ownFolders)
  } catch {
    return []
  }
}

/** Pure: the lines of the application with their share of all ticks. */
export function hotLines(answer: unknown, ownFolders: readonly string[]): ProfileHit[] {
  const profile = isRecord(answer) && isRecord(answer['profile']) ? answer['profile'] : {}
  const nodes: unknown[] = Array.isArray(profile['nodes']) ? profile['nodes'] : []
  const hits = new Map<string, { hit: ProfileHit; ticks: number }>()
  let total = 0
  for (const node of nodes) {
    if (!isRecord(node) || !isRecord(node['callFrame'])) continue
    const frame = node['callFrame']
    total += Number(node['hitCount'] ?? 0)
    const file = asPath(textOf(frame['url'], ''))
    if (originOf(file, ownFolders) !== 'app') continue
    const name = textOf(frame['functionName'], '') || ANONYMOUS
    for (const tick of Array.isArray(node['positionTicks']) ? node['positionTicks'] : []) {
      if (!isRecord(tick)) continue
      const line = Number(tick['line'])
      const key = `${file}:${line}`
      const entry = hits.get(key) ?? { hit: { function: name, file, line, sharePct: 0 }, ticks: 0 }
      entry.ticks += Number(tick['ticks'])
      hits.set(key, entry)
    }
  }
  return [...hits.values()]
    .sort((left, right) => right.ticks - left.ticks)
    .map(({ hit, ticks }) => ({ ...hit, sharePct: Math.round((100 * ticks) / Math.max(total, 1)) }))
}
