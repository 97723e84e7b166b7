import { type ChildSpec, checkSpec, DEFAULT_SHUTDOWN_MS } from './child-spec.ts'
import { checkKeys } from './options.ts'
import { programTitle } from './program-title.ts'
import { sibling } from './sibling.ts'

/** Where the observer listens, and what it shows besides the tree. */
export interface ObserverChildOptions {
  /** Address to listen on. Default `127.0.0.1`. Anything but loopback needs a `token`. */
  readonly host?: string
  /** Default 0: any free one; the call `url` says which. */
  readonly port?: number
  /** Secret that every request must show, as `Authorization: Bearer …` or `?token=…`. */
  readonly token?: string
  /** Other origins (`https://ops.example.com`) whose pages may use the observer. */
  readonly allowedOrigins?: readonly string[]
  /** Name of the program at the head of the page. Default: the file that the caller's thread runs. */
  readonly title?: string
  /** Names of what is shown besides: `cast('observer', 'publish', { topic, entry })`. */
  readonly topics?: readonly string[]
}

const KEYS = ['host', 'port', 'token', 'allowedOrigins', 'title', 'topics']

/**
 * A child that serves the actor tree live, over HTTP and WebSocket, with a page. It is registered
 * as `observer`; `call('observer', 'url')` says where it is. It must live in the root thread, so
 * it belongs under a supervisor of the tree. No other thread loads it.
 *
 * @throws {TypeError} An unknown option; the others are checked when it starts.
 */
export function observer(options: ObserverChildOptions = {}): ChildSpec {
  checkKeys('observer', options, KEYS)
  return checkSpec({
    id: 'observer',
    definition: { url: sibling(import.meta, 'observer/observer-entry').href, name: 'observer' },
    args: { title: programTitle(), ...options },
    restart: 'permanent',
    shutdown: DEFAULT_SHUTDOWN_MS,
    type: 'worker',
    placement: 'root',
    name: 'observer',
  })
}
