import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AccessPolicy, checkHost, checkOrigin, checkToken, type Refusal } from './access.ts'
import { type PageAsset, pageAsset, tokenPage } from './page/page.ts'
import { PROTOCOL_VERSION, type Snapshot } from './protocol.ts'
import type { TopicStore } from './topic-store.ts'
import type { TreeReader } from './tree-reader.ts'

/** What the routes answer from. */
export interface RouteSources {
  readonly policy: AccessPolicy
  readonly reader: TreeReader
  readonly topics: TopicStore
  /** Number of the last difference sent to live clients. */
  seq(): number
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The path of a request, and what it asks for; `undefined` for what is no URL. */
export function targetOf(request: IncomingMessage): URL | undefined {
  const target = request.url ?? ''
  // One slash only: '//host/path' would name another host.
  if (!target.startsWith('/') || !URL.canParse(`http://observer${target}`)) return undefined
  return new URL(`http://observer${target}`)
}

/** Answers one request; never throws, and never leaves one unanswered. */
export async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  sources: RouteSources,
): Promise<void> {
  let answer: Answer
  try {
    answer = await route(request, sources)
  } catch {
    answer = problem(500, 'internal', 'The observer failed to answer; the fault is its own.')
  }
  const { origin } = request.headers
  const isAllowed = origin !== undefined && sources.policy.allowedOrigins.has(origin)
  response.writeHead(answer.status, {
    ...SECURITY_HEADERS,
    'content-type': answer.type,
    'content-length': Buffer.byteLength(answer.body),
    ...(isAllowed ? { 'access-control-allow-origin': origin, vary: 'origin' } : {}),
    ...answer.headers,
  })
  response.end(request.method === 'HEAD' ? undefined : answer.body)
}

/**
 * Everything comes from here and nowhere else, and nothing is kept: no inline script, no frame, no
 * form but the token's, no cache.
 * Sources: OWASP Secure Headers Project; W3C Content Security Policy 3.
 */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
}

/** Why the request is refused before anything is looked up, if it is. */
export function refusalOf(
  request: IncomingMessage,
  url: URL,
  policy: AccessPolicy,
): Refusal | undefined {
  const { host, origin, authorization } = request.headers
  const needsOrigin = request.method !== 'GET' || request.headers.upgrade !== undefined
  return (
    checkHost(policy, { host, origin }) ??
    (needsOrigin ? checkOrigin(policy, { host, origin }) : undefined) ??
    (isPublic(url.pathname) ? undefined : checkToken(policy, authorization, url.searchParams))
  )
}

/** Health needs no token, so that a probe needs no secret; nor does the page's fixed text. */
function isPublic(path: string): boolean {
  return path === '/livez' || path === '/readyz' || path.startsWith('/assets/')
}

async function route(request: IncomingMessage, sources: RouteSources): Promise<Answer> {
  const url = targetOf(request)
  if (!url) return problem(400, 'bad_target', 'The request target is no path such as /api/v1/tree.')
  const refusal = refusalOf(request, url, sources.policy)
  if (refusal?.status === 401 && url.pathname === '/') return { ...page(tokenPage()), status: 401 }
  if (refusal) return problem(refusal.status, refusal.code, refusal.message)
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const text = `${request.method} is not offered: the observer only shows. Use GET or HEAD.`
    return { ...problem(405, 'method_not_allowed', text), headers: { allow: 'GET, HEAD' } }
  }
  const asset = pageAsset(url.pathname)
  return asset ? page(asset) : await routeApi(url.pathname, sources)
}

async function routeApi(path: string, sources: RouteSources): Promise<Answer> {
  switch (path) {
    case '/livez':
      return json(200, { version: PROTOCOL_VERSION, status: 'ok' })
    case '/readyz':
      return await withTree(sources, () => ({ version: PROTOCOL_VERSION, status: 'ok' }))
    case '/api/v1/tree':
      return await withTree(sources, (tree) => ({
        version: PROTOCOL_VERSION,
        at: Date.now(),
        tree,
      }))
    case '/api/v1/snapshot':
      return await withTree(sources, (tree) => snapshotBody(tree, sources))
    case '/api/v1/schema': {
      const { protocolJsonSchema } = await import('./protocol-schema.ts') // loaded when asked for
      return json(200, protocolJsonSchema(), 'application/schema+json; charset=utf-8')
    }
    case '/api/v1/live':
      return {
        ...problem(426, 'upgrade_required', 'This is a WebSocket: connect with ws:// instead.'),
        headers: { upgrade: 'websocket', connection: 'upgrade' },
      }
    default:
      return topicAnswer(path, sources.topics)
  }
}

function topicAnswer(path: string, topics: TopicStore): Answer {
  const topic = /^\/api\/v1\/topics\/([^/]+)$/.exec(path)?.[1]
  if (topic === undefined) {
    return problem(
      404,
      'not_found',
      'Nothing here. There is /, /api/v1/{snapshot,tree,topics/<name>,schema,live}, /livez and /readyz.',
    )
  }
  if (!topics.has(topic)) {
    const known = topics.names.join(', ') || '(none)'
    return problem(404, 'unknown_topic', `There is no such topic. Topics: ${known}.`)
  }
  return json(200, {
    version: PROTOCOL_VERSION,
    at: Date.now(),
    topic,
    value: topics.value(topic),
    events: topics.items(topic, Number.MAX_SAFE_INTEGER),
  })
}

function snapshotBody(tree: Snapshot['tree'], sources: RouteSources): Snapshot {
  const threads = new Map<number, Snapshot['threads'][number]>()
  const visit = (node: Snapshot['tree'][number]): void => {
    threads.set(node.thread.ordinal, node.thread)
    node.children.forEach(visit)
  }
  tree.forEach(visit)
  return {
    version: PROTOCOL_VERSION,
    type: 'snapshot',
    cause: 'requested',
    seq: sources.seq(),
    at: Date.now(),
    tree,
    threads: [...threads.values()],
    topics: sources.topics.all(Number.MAX_SAFE_INTEGER),
  }
}

async function withTree(
  sources: RouteSources,
  body: (tree: Snapshot['tree']) => object,
): Promise<Answer> {
  let tree: Snapshot['tree']
  try {
    tree = await sources.reader.read()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return problem(503, 'tree_unavailable', `The actor tree cannot be read: ${why}`)
  }
  return json(200, body(tree))
}

function page(asset: PageAsset): Answer {
  return { status: 200, type: asset.type, body: asset.body }
}

/** An answer that is not a success, in the shape that all of them share. */
export function problem(status: number, code: string, message: string): Answer {
  return json(status, { version: PROTOCOL_VERSION, error: { code, message } })
}

function json(status: number, body: object, type = 'application/json; charset=utf-8'): Answer {
  return { status, type, body: JSON.stringify(body) }
}
