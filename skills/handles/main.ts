import type { JsonRecord } from '../json.ts'
import type { MainPart } from '../probe/main-part.ts'
import { CrashBook } from './crash-book.ts'
import { Ledger, type Site } from './ledger.ts'
import { observeHandles } from './observe.ts'
import { OpenWindow } from './open-window.ts'
import { TimerWindow } from './timer-window.ts'

const TOP = 25

let ledger = new Ledger()
let crashes = new CrashBook()
const timers = new TimerWindow()
const opens = new OpenWindow()

/** Main's part of `handles`: counts by the place that made them, from Node's channels. */
export const handlesMain: MainPart = {
  skill: 'handles',
  install: () => {
    ledger = new Ledger()
    crashes = new CrashBook()
    const stop = observeHandles(ledger, crashes)
    return () => {
      stop()
      timers.end()
      opens.end()
    }
  },
  read,
  functions: {
    'handles.sites': { run: () => ledger.sites().slice(0, TOP).map(siteDetails) },
    'handles.crashes': { run: crashDetails },
    'handles.beginTimers': { run: () => timers.begin() },
    'handles.endTimers': { run: () => timers.end() },
    'handles.beginOpens': { run: () => opens.begin() },
    'handles.endOpens': { run: () => opens.end() },
  },
}

function read(): JsonRecord {
  const resources: Record<string, number> = {}
  for (const type of process.getActiveResourcesInfo()) resources[type] = (resources[type] ?? 0) + 1
  return {
    resources,
    totals: ledger.totals,
    sites: ledger
      .sites()
      .slice(0, TOP)
      .map(({ id, kind, created, closed }) => ({ id, kind, created, closed })),
    crashes: crashes
      .groups()
      .slice(0, TOP)
      .map(({ id, siteId, what, count, livesMs }) => ({ id, siteId, what, count, livesMs })),
  }
}

function siteDetails(site: Site): JsonRecord {
  const living = ledger.living(site)
  const at = Date.now()
  return {
    id: site.id,
    kind: site.kind,
    stack: site.stack,
    created: site.created,
    closed: site.closed,
    requests: site.requests,
    agents: site.agents,
    keepsAlive: site.keepsAlive,
    samples: living.map(({ thing, madeAt, serial }) => ({
      serial,
      ageMs: at - madeAt,
      ...stateOf(thing),
    })),
  }
}

/** What a living handle says of itself; reading must not wake anything. */
function stateOf(thing: object): JsonRecord {
  const text = (name: string): string | null => {
    const value: unknown = Reflect.get(thing, name)
    return typeof value === 'string' ? value.slice(0, 200) : null
  }
  const count = (name: string): number => {
    const value: unknown = Reflect.get(thing, name)
    return typeof value === 'number' ? value : 0
  }
  const port = count('remotePort')
  const host = text('_host') ?? text('remoteAddress')
  return {
    peer: port === 0 ? null : `${host ?? '?'}:${port}`,
    bytes: count('bytesRead') + count('bytesWritten'),
    hasRequest: isObject(Reflect.get(thing, '_httpMessage')),
    waitingBytes: count('writableLength'),
    file: text('spawnfile'),
    pid: count('pid'),
  }
}

function crashDetails(): JsonRecord[] {
  const stacks = new Map(ledger.sites().map(({ id, stack, created }) => [id, { stack, created }]))
  return crashes
    .groups()
    .slice(0, TOP)
    .map(({ id, siteId, what, count, firstAt, lastAt, livesMs, error }) => ({
      id,
      siteId,
      what,
      count,
      firstAt,
      lastAt,
      livesMs,
      error,
      startedAt: stacks.get(siteId)?.stack ?? '',
      started: stacks.get(siteId)?.created ?? 0,
    }))
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
