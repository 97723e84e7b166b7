import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { isLoopback, type ObserverSettings } from './observer-options.ts'

/**
 * Who may ask. A page of any site can make a browser send requests to 127.0.0.1; what it cannot do
 * is to choose the Host and Origin headers. So Host must be ours (against DNS rebinding) and the
 * Origin of whatever could change or stream something must be our own page or an allowed one.
 */

/** What access is decided by, from the settings once. */
export interface AccessPolicy {
  /** Names in the Host header that are ours. */
  readonly hostNames: ReadonlySet<string>
  /** Any numeric address is ours too: rebinding needs a name. */
  readonly anyAddress: boolean
  readonly allowedOrigins: ReadonlySet<string>
  readonly tokenDigest: Buffer | undefined
}

/** Where a request says that it comes from and goes to. */
export interface RequestOrigin {
  readonly host: string | undefined
  readonly origin: string | undefined
}

/** A request refused: HTTP status, machine-readable code, sentence. */
export interface Refusal {
  readonly status: number
  readonly code: string
  readonly message: string
}

export function accessPolicy(settings: ObserverSettings): AccessPolicy {
  const { host, allowedOrigins, token } = settings
  const names = ['localhost', '127.0.0.1', '::1', host]
  if (!isLoopback(host)) names.push(hostname())
  for (const origin of allowedOrigins) names.push(bare(new URL(origin).hostname))
  return {
    hostNames: new Set(names.map((name) => name.toLowerCase())),
    anyAddress: !isLoopback(host),
    allowedOrigins: new Set(allowedOrigins),
    tokenDigest: token === undefined ? undefined : digest(token),
  }
}

/** Refuses a Host header that is not ours. */
export function checkHost(policy: AccessPolicy, { host }: RequestOrigin): Refusal | undefined {
  if (host === undefined) return { status: 400, code: 'host_missing', message: 'No Host header.' }
  const name = hostNameOf(host)
  if (name !== undefined) {
    if (policy.hostNames.has(name)) return undefined
    if (policy.anyAddress && isIP(name) !== 0) return undefined
  }
  return {
    status: 403,
    code: 'host_refused',
    message:
      'The Host header names another host. Use the address that the observer printed, or add the origin to allowedOrigins.',
  }
}

/** Refuses a page of another site. Programs that are no browser send no Origin. */
export function checkOrigin(policy: AccessPolicy, request: RequestOrigin): Refusal | undefined {
  const { origin, host } = request
  if (origin === undefined || policy.allowedOrigins.has(origin)) return undefined
  const isOwn = origin === `http://${host}` || origin === `https://${host}`
  if (isOwn) return undefined
  return {
    status: 403,
    code: 'origin_refused',
    message: 'Pages of this origin may not use the observer; add it to allowedOrigins.',
  }
}

/** Refuses a request without the token, in a time that does not depend on how much of it fits. */
export function checkToken(
  policy: AccessPolicy,
  authorization: string | undefined,
  query: URLSearchParams,
): Refusal | undefined {
  if (policy.tokenDigest === undefined) return undefined
  const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  const shown = bearer ?? query.get('token')
  if (shown !== null && timingSafeEqual(digest(shown), policy.tokenDigest)) return undefined
  return {
    status: 401,
    code: 'token_needed',
    message:
      "The observer's token is missing or wrong. Send 'Authorization: Bearer <token>' or add ?token=<token>.",
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function hostNameOf(host: string): string | undefined {
  if (!/^[a-z0-9.\-_[\]:]+$/i.test(host)) return undefined
  if (!URL.canParse(`http://${host}`)) return undefined
  return bare(new URL(`http://${host}`).hostname.toLowerCase())
}

/** `[::1]` as `::1`. */
function bare(hostName: string): string {
  return hostName.replace(/^\[(.*)\]$/, '$1')
}
