import { setTimeout as delay } from 'node:timers/promises'
import type { SkillContext } from '../gateway/outside-part.ts'
import { numberOf, recordsOf } from '../handles/reading.ts'
import { isRecord, type JsonRecord } from '../json.ts'
import { placeOfStack, placeText } from '../source/place.ts'

const MB = 1_048_576

/** The places that make Buffers while they are watched, most bytes first. @throws {SkillFailure} */
export async function bufferRows(context: SkillContext, watchMs: number): Promise<JsonRecord[]> {
  // it sets and clears a timer, which must not happen inside an interrupt of main
  const call = { timeoutMs: 2000, mayInterrupt: false }
  await context.access.invoke('allocator.beginBuffers', null, call)
  await delay(watchMs, undefined, { ref: false })
  const { value } = await context.access.invoke('allocator.endBuffers', null, call)
  if (!isRecord(value)) return []
  const sampled = numberOf(value['sampledBytes'])
  const perSecond = numberOf(value['bytes']) / MB / (watchMs / 1000)
  return recordsOf(value['sites']).flatMap((site) => {
    const share = sampled === 0 ? 0 : numberOf(site['bytes']) / sampled
    return siteRow(site, share, perSecond * share, context)
  })
}

function siteRow(
  site: Readonly<Record<string, unknown>>,
  share: number,
  mbPerSecond: number,
  { files, ownFolders, root }: SkillContext,
): JsonRecord[] {
  const place = placeOfStack(String(site['stack']), files, ownFolders)
  if (place === undefined) return []
  const looked = numberOf(site['looked'])
  return [
    {
      location: { ...place.location },
      where: placeText(place.location, root),
      sourceLine: place.sourceLine,
      count: numberOf(site['count']),
      meanKb: Math.round(numberOf(site['bytes']) / 1024 / Math.max(1, numberOf(site['count']))),
      sharePct: Math.round(share * 100),
      mbPerSecond: Math.round(mbPerSecond * 10) / 10,
      alivePct: looked === 0 ? 0 : Math.round((100 * numberOf(site['alive'])) / looked),
      stack: [...place.frames],
    },
  ]
}
