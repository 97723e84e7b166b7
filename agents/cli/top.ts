/** `nodelens top <observer>`: the actor tree of a running process, live in the terminal. */
import type { TreeNode } from '../../runtime/index.ts'
import { isObject } from '../vocabulary/json.ts'
import { TREE_HEAD, treeText } from './print.ts'

export interface TopOptions {
  /** Address of the observer: http://127.0.0.1:4680 */
  readonly url: string
  readonly token?: string
  readonly intervalMs: number
  /** One look instead of one a second. */
  readonly once: boolean
  readonly signal: AbortSignal
  readonly write: (text: string) => void
}

const ANSWER_MS = 5_000
const CLEAR = '\u001b[H\u001b[2J'

/** @throws {Error} The observer cannot be reached or refuses; says what to do. */
export async function top(options: TopOptions): Promise<void> {
  const { once, write, signal, intervalMs } = options
  for (;;) {
    const tree = treeText(await readTree(options))
    write(`${once ? '' : CLEAR}${TREE_HEAD}${tree}`)
    if (once || signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, intervalMs)
      signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true })
    })
    if (signal.aborted) return
  }
}

async function readTree({ url, token }: TopOptions): Promise<readonly TreeNode[]> {
  const address = new URL('/api/v1/tree', url)
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(address, { headers, signal: AbortSignal.timeout(ANSWER_MS) }).catch(
    (error: unknown) => {
      throw new Error(
        `No observer answers at ${url}: ${error instanceof Error ? error.message : String(error)}. Start the process with NODELENS_OBSERVER=127.0.0.1:4680 or observer: { port: 4680 }.`,
      )
    },
  )
  if (response.status === 401)
    throw new Error(`${url} wants a token: --token or NODELENS_OBSERVER_TOKEN.`)
  const body: unknown = await response.json()
  const tree = isObject(body) ? body['tree'] : undefined
  if (!response.ok || !isTree(tree))
    throw new Error(`${url} answered ${response.status}, which is no tree.`)
  return tree
}

function isTree(value: unknown): value is readonly TreeNode[] {
  return (
    Array.isArray(value) && value.every((node) => isObject(node) && Array.isArray(node['children']))
  )
}
