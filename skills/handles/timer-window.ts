import { createRequire } from 'node:module'
import type { JsonRecord } from '../json.ts'
import { creationStack } from '../probe/creation-stack.ts'
import { watchWindow } from '../probe/patched.ts'

interface TimerSite {
  created: number
  readonly stack: string
  /** Held weakly: active timers are held by Node, the others may go. */
  readonly refs: WeakRef<object>[]
}

const MAX_SITES = 60
const MAX_REFS = 60
/** A window ends by itself when nobody ends it. */
const MOST_MS = 10_000
/** Timers of one duration that are walked at most: about 20 ns each. */
const MAX_WALK = 20_000

/** For a short time, sees which places of the application set timers, and which of those live on. */
export class TimerWindow {
  #sites = new Map<string, TimerSite>()
  #end: (() => void) | undefined

  begin(): null {
    this.#end?.()
    this.#sites = new Map()
    const module: object = createRequire(import.meta.url)('node:timers')
    const names = ['setInterval', 'setTimeout']
    const owners = [globalThis, module]
    const methods = owners.flatMap((owner) => names.map((name) => [owner, name] as const))
    this.#end = watchWindow(methods, () => (timer) => this.#note(timer), MOST_MS)
    return null
  }

  /** Ends the window; the places with most living timers first. */
  end(): JsonRecord[] {
    this.#end?.()
    this.#end = undefined
    const rows = [...this.#sites.values()].map(rowOf)
    this.#sites = new Map()
    return rows
      .sort((left, right) => left.alive - right.alive)
      .reverse()
      .slice(0, 12)
  }

  #note(timer: unknown): void {
    if (typeof timer !== 'object' || timer === null) return
    const creation = creationStack()
    if (creation.type !== 'stack' || creation.text === '') return
    let site = this.#sites.get(creation.text)
    if (site === undefined) {
      if (this.#sites.size >= MAX_SITES) return
      site = { created: 0, stack: creation.text, refs: [] }
      this.#sites.set(creation.text, site)
    }
    site.created += 1
    if (site.refs.length < MAX_REFS) site.refs.push(new WeakRef(timer))
  }
}

function rowOf(site: TimerSite): JsonRecord & { readonly alive: number } {
  const live = site.refs.map((ref) => ref.deref()).filter((timer) => timer !== undefined)
  const active = live.filter((timer) => Reflect.get(timer, '_destroyed') === false)
  const [first] = active
  const repeat: unknown = first === undefined ? null : Reflect.get(first, '_repeat')
  const delay: unknown = first === undefined ? null : Reflect.get(first, '_idleTimeout')
  return {
    stack: site.stack,
    created: site.created,
    sampled: site.refs.length,
    alive: active.length,
    repeats: typeof repeat === 'number',
    delayMs: typeof delay === 'number' ? delay : -1,
    activeAlike: first === undefined ? 0 : activeAlike(first),
  }
}

/** Active timers of the same duration with the same callback: Node keeps them in one ring. */
function activeAlike(first: object): number {
  const text = sourceOf(first)
  let count = 1
  let next: unknown = Reflect.get(first, '_idleNext')
  for (
    let walked = 0;
    walked < MAX_WALK && typeof next === 'object' && next !== null;
    walked += 1
  ) {
    if (next === first) break
    if (text !== '' && sourceOf(next) === text) count += 1
    next = Reflect.get(next, '_idleNext')
  }
  return count
}

function sourceOf(timer: object): string {
  const run: unknown = Reflect.get(timer, '_onTimeout')
  return typeof run === 'function' ? Function.prototype.toString.call(run) : ''
}
