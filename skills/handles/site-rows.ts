import { setTimeout as delay } from 'node:timers/promises'
import type { JsonRecord } from '../json.ts'
import type { Rise } from '../series.ts'
import { lineOf } from '../source/functions.ts'
import type { Place } from '../source/place.ts'
import type { SourceFiles } from '../source/source-files.ts'
import { type HandleParts, perMinute, placeColumns, placeIn, riseText } from './parts.ts'
import { numberOf, recordsOf } from './reading.ts'
import { idleShare, type SocketLook } from './verdicts.ts'

/** Between the two looks that tell idle sockets from busy ones. */
const BETWEEN_LOOKS_MS = 600

interface SiteDetails {
  readonly id: number
  readonly kind: string
  readonly stack: string
  readonly created: number
  readonly closed: number
  readonly requests: number
  readonly agents: number
  readonly keepsAlive: boolean
  readonly looks: readonly SocketLook[]
  readonly peer: string | undefined
  readonly file: string | undefined
  readonly idleShare: number
  readonly oldestMs: number
}

/** A row for each place that makes handles, those that grow first, then those with most open. */
export async function siteRows(parts: HandleParts): Promise<JsonRecord[]> {
  const before = await readSites(parts)
  await delay(BETWEEN_LOOKS_MS, undefined, { ref: false })
  const after = await readSites(parts)
  const rises = new Map(
    parts.watch
      .growing()
      .flatMap((growing) => (growing.what === 'site' ? [[growing.siteId, growing.rise]] : [])),
  )
  const rows = after.map((site) => {
    const first = before.find(({ id }) => id === site.id)
    const looked = { ...site, idleShare: idleShare(first?.looks ?? [], site.looks) }
    return siteRow(looked, rises.get(site.id), parts)
  })
  return rows.sort((left, right) => weight(right) - weight(left))
}

function weight(row: JsonRecord): number {
  return numberOf(row['grownBy']) * 1000 + numberOf(row['open'])
}

async function readSites({ context }: HandleParts): Promise<SiteDetails[]> {
  const call = { timeoutMs: 2000, mayInterrupt: true }
  const answer = await context.access.invoke('handles.sites', null, call)
  return recordsOf(answer.value).map((site) => {
    const samples = recordsOf(site['samples'])
    const words = (name: string): string | undefined =>
      samples.map((sample) => sample[name]).find((value) => typeof value === 'string')
    return {
      id: numberOf(site['id']),
      kind: String(site['kind']),
      stack: String(site['stack']),
      created: numberOf(site['created']),
      closed: numberOf(site['closed']),
      requests: numberOf(site['requests']),
      agents: numberOf(site['agents']),
      keepsAlive: site['keepsAlive'] === true,
      looks: samples.map((sample) => ({
        serial: numberOf(sample['serial']),
        bytes: numberOf(sample['bytes']),
        hasRequest: sample['hasRequest'] === true,
        ageMs: numberOf(sample['ageMs']),
      })),
      peer: words('peer'),
      file: words('file'),
      idleShare: 0,
      oldestMs: Math.max(0, ...samples.map((sample) => numberOf(sample['ageMs']))),
    }
  })
}

function siteRow(site: SiteDetails, rise: Rise | undefined, parts: HandleParts): JsonRecord {
  const kind = leakKind(site)
  const place = pointAtMaker(placeIn(parts, site.stack), kind, parts.context.files)
  const columns = placeColumns(parts, place)
  const where = columns.where
  const open = site.created - site.closed
  const isStill = site.kind !== 'socket' || site.idleShare >= 0.7
  const reportable = rise !== undefined && isStill && place?.location !== undefined
  return {
    ...columns,
    kind: site.kind,
    open,
    created: site.created,
    closed: site.closed,
    grownBy: rise === undefined ? 0 : rise.to - rise.from,
    growthPerMinute: rise === undefined ? 0 : perMinute(rise),
    idlePct: Math.round(site.idleShare * 100),
    agents: site.agents,
    requests: site.requests,
    peer: site.peer ?? null,
    oldestSeconds: Math.round(site.oldestMs / 1000),
    verdict: rise === undefined ? 'stable' : isStill ? 'leak' : 'busy',
    reportable,
    severity: reportable ? 'warning' : 'info',
    confidence:
      kind === 'agents' || site.closed === 0 || site.idleShare >= 0.95 ? 'high' : 'medium',
    ...wordsOf({ site, kind, where, open, rise, place }),
  }
}

type LeakKind = 'agents' | 'sockets' | 'clients' | 'children' | 'workers' | 'servers'

/** A new agent for nearly every socket is the cause; else a connection that nobody ends. */
function leakKind(site: SiteDetails): LeakKind {
  if (site.kind === 'child') return 'children'
  if (site.kind === 'worker') return 'workers'
  if (site.kind === 'server') return 'servers'
  if (site.agents >= 5 && site.agents >= site.created * 0.7) return 'agents'
  return site.requests === 0 ? 'clients' : 'sockets'
}

interface Told {
  readonly site: SiteDetails
  readonly kind: LeakKind
  readonly where: string
  readonly open: number
  readonly rise: Rise | undefined
  readonly place: Place | undefined
}

const NOUNS: Record<LeakKind, string> = {
  agents: 'Sockets (connections)',
  sockets: 'Sockets (connections)',
  clients: 'Sockets (connections)',
  children: 'Child processes',
  workers: 'Worker threads',
  servers: 'Listening servers',
}

function wordsOf(told: Told): JsonRecord {
  const { site, kind, where, open, rise } = told
  const to = site.peer === undefined ? '' : ` to ${site.peer}`
  const of = site.file === undefined ? '' : ` (${site.file})`
  const grown = rise === undefined ? `${open} are open` : `keep growing ${riseText(rise)}`
  const closed = `${site.closed} of ${site.created} were ever closed`
  const idle =
    site.kind === 'socket' ? `, ${Math.round(site.idleShare * 100)} % of them are idle` : ''
  const agents =
    kind === 'agents'
      ? `; its ${site.requests} requests used ${site.agents} different http Agents`
      : ''
  return {
    observation: `${NOUNS[kind]}${to}${of} that ${where} opens ${grown}; ${closed}${idle}${agents}`,
    explanation: explanationOf(told),
    remedy: remedyOf(told),
  }
}

function explanationOf({ site, kind, where, place }: Told): string {
  const through =
    place?.location.package === undefined ? '' : ` (through ${place.location.package})`
  switch (kind) {
    case 'agents':
      return `Socket leak: ${where} creates a new http.Agent${site.keepsAlive ? ' with keepAlive' : ''} for every call${through}. Each agent keeps its own idle keep-alive connection, which no later request can use and nobody closes, so sockets and file descriptors accumulate`
    case 'sockets':
      return `Socket leak: the connections that ${where} opens${through} are kept after use and never closed; sockets and file descriptors accumulate`
    case 'clients':
      return `Socket leak: ${where} opens a new connection for every call${through} and never closes it; sockets and file descriptors accumulate, here and at the peer`
    case 'children':
      return `Child-process leak: ${where} starts child processes${through} that never exit and that nobody kills`
    case 'workers':
      return `Worker leak: ${where} starts worker threads${through} that never end and that nobody terminates; each costs some 8 MB and a thread`
    case 'servers':
      return `Server leak: ${where} opens listening servers${through} that are never closed`
  }
}

function remedyOf({ kind, where }: Told): string {
  switch (kind) {
    case 'agents':
      return `Create one http.Agent at module level and share (reuse) it in ${where}, or call agent.destroy() when the response has ended`
    case 'sockets':
      return `Reuse one agent or pool with a limit (maxSockets, maxFreeSockets), and destroy what ${where} opened when it is done, on the error paths too`
    case 'clients':
      return `Share one client or a pool, or end() it in a finally block of ${where}, on the error paths too`
    case 'children':
      return `Give each child of ${where} a timeout and kill() it when its work is done or its client has gone; bound how many run at once`
    case 'workers':
      return `Use a pool of a fixed size instead of a new Worker in ${where}, or terminate() each when its work is done`
    case 'servers':
      return `Close each server of ${where} when it is no longer needed`
  }
}

/** For agents, the line that makes them rather than the line that sends the request. */
function pointAtMaker(
  place: Place | undefined,
  kind: LeakKind,
  files: SourceFiles,
): Place | undefined {
  if (place === undefined || kind !== 'agents') return place
  const { file, line } = place.location
  const around = files
    .functions(file)
    .filter((entry) => entry.startLine <= line && entry.endLine >= line)
    .sort((left, right) => left.end - left.start - (right.end - right.start))
  const text = files.text(file)
  for (const { start, end } of around) {
    const found = /\bnew\s+(?:[\w$]+\.)*\w*Agent\s*\(/.exec(text.slice(start, end))
    if (found === null) continue
    const at = lineOf(text, start + found.index)
    return {
      ...place,
      location: { ...place.location, line: at },
      sourceLine: files.line(file, at).trim().slice(0, 200),
    }
  }
  return place
}
