import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import fc from 'fast-check'
import {
  applyEvent,
  applyEvents,
  type LiveState,
  reducerFunctions,
  stateOf,
  treeOf,
} from '../../../runtime/observer/apply-event.ts'
import type {
  WireEvent,
  WireProcess,
  WireThread,
  WireTreeNode,
} from '../../../runtime/observer/protocol.ts'

/**
 * A tiny runtime that is the truth: processes with parents in threads. It is written differently
 * from the reducer (nested nodes, looked up by walking), obeys random commands, and says what it did
 * as events.
 */
class Model {
  roots: WireTreeNode[] = []
  threads: WireThread[] = []
  events: WireEvent[] = []
  #serial = 0

  all(nodes = this.roots): WireTreeNode[] {
    return nodes.flatMap((node) => [node, ...this.all(node.children)])
  }

  /** What a snapshot taken now says. */
  snapshot(): { tree: WireTreeNode[]; threads: WireThread[]; topics: Record<string, never[]> } {
    return structuredClone({ tree: this.roots, threads: this.threads, topics: {} })
  }

  startThread(): void {
    this.#serial += 1
    const thread = { ordinal: this.#serial, name: `t${this.#serial}` }
    this.threads.push(thread)
    this.events.push({ type: 'thread-started', at: 0, ...thread })
  }

  start(pick: number, restarts = 0, id?: string): WireTreeNode | undefined {
    const thread = this.threads[pick % this.threads.length]
    if (!thread) return undefined
    const parents = this.all()
    const parent = pick % 4 === 0 ? undefined : parents[pick % Math.max(1, parents.length)]
    this.#serial += 1
    const node: WireTreeNode = {
      pid: `<${thread.ordinal}.${this.#serial}>`,
      id: id ?? `child-${pick % 7}`,
      kind: 'worker',
      thread,
      status: 'starting',
      mailbox: 0,
      handled: 0,
      restarts: 0,
      startedAt: 0,
      links: [],
      ...(pick % 3 === 0 ? { order: pick % 5 } : {}),
      children: [],
    }
    this.events.push({
      type: 'process-started',
      at: 0,
      pid: node.pid,
      ...(parent ? { parent: parent.pid } : {}),
      node: structuredClone(node),
    })
    node.restarts = restarts
    ;(parent ? parent.children : this.roots).push(node)
    return node
  }

  #remove(pid: string, nodes = this.roots): void {
    const index = nodes.findIndex((node) => node.pid === pid)
    if (index >= 0) nodes.splice(index, 1)
    else for (const node of nodes) this.#remove(pid, node.children)
  }

  /** Leaves end first, as supervisors end their children. */
  exit(pick: number): WireTreeNode | undefined {
    const leaves = this.all().filter((node) => node.children.length === 0)
    const node = leaves[pick % Math.max(1, leaves.length)]
    if (!node) return undefined
    this.#remove(node.pid)
    this.events.push({ type: 'process-exited', at: 0, pid: node.pid, reason: { type: 'killed' } })
    return node
  }

  restart(pick: number): void {
    const old = this.exit(pick)
    const fresh = old && this.start(pick, old.restarts + 1, old.id)
    if (!old || !fresh) return
    const { restarts } = fresh
    this.events.push({
      type: 'child-restarted',
      at: 0,
      supervisor: '<1.1>',
      id: old.id,
      oldPid: old.pid,
      newPid: fresh.pid,
      reason: { type: 'killed' },
      restarts,
    })
  }

  update(pick: number): void {
    const nodes = this.all()
    const node = nodes[pick % Math.max(1, nodes.length)]
    if (!node) return
    node.mailbox = pick % 11
    node.handled += pick
    node.status = 'running'
    const name = pick % 3 === 0 ? null : pick % 3 === 1 ? `n${pick}` : undefined
    if (name === null) delete node.name
    else if (name !== undefined) node.name = name
    const { pid, mailbox, handled, status } = node
    this.events.push({
      type: 'process-updated',
      at: 0,
      pid,
      mailbox,
      handled,
      status,
      ...(name === undefined ? {} : { name }),
    })
  }

  endThread(pick: number): void {
    const thread = this.threads[pick % Math.max(1, this.threads.length)]
    const dies = (node: WireTreeNode): boolean => node.thread.ordinal === thread?.ordinal
    // Only where nothing of another thread hangs below: the others would be orphans.
    const isClean = this.all().every((node) => !dies(node) || this.all(node.children).every(dies))
    if (!thread || !isClean) return
    for (const node of this.all().filter(dies)) this.#remove(node.pid)
    this.threads = this.threads.filter((other) => other !== thread)
    this.events.push({ type: 'thread-exited', at: 0, ordinal: thread.ordinal, name: thread.name })
  }

  run(commands: readonly (readonly [string, number])[]): void {
    for (const [command, pick] of commands) {
      if (command === 'thread') this.startThread()
      else if (command === 'start') this.start(pick)
      else if (command === 'exit') this.exit(pick)
      else if (command === 'restart') this.restart(pick)
      else if (command === 'update') this.update(pick)
      else this.endThread(pick)
    }
  }
}

const commands = fc.array(
  fc.tuple(
    fc.constantFrom('thread', 'start', 'start', 'start', 'exit', 'restart', 'update', 'end'),
    fc.nat(1000),
  ),
  { maxLength: 60 },
)

/** The state in a form in which equal states are deeply equal. */
function plain(state: LiveState): unknown {
  const byPid = (a: WireProcess, b: WireProcess): number => (a.pid < b.pid ? -1 : 1)
  return {
    tree: treeOf(state),
    processes: [...state.processes.values()].sort(byPid),
    threads: [...state.threads.values()].sort((a, b) => a.ordinal - b.ordinal),
    topics: [...state.topics.entries()],
  }
}

describe('applyEvents', () => {
  it('makes of an old snapshot and the events since then the new snapshot', () => {
    fc.assert(
      fc.property(commands, commands, (before, after) => {
        const model = new Model()
        model.run([['thread', 0], ...before])
        const old = model.snapshot()
        const known = model.events.length
        model.run(after)
        const state = applyEvents(stateOf(old, 10), model.events.slice(known))
        assert.deepEqual(plain(state), plain(stateOf(model.snapshot(), 10)))
      }),
      { numRuns: 300 },
    )
  })

  it('may get events again that the snapshot contains already', () => {
    fc.assert(
      fc.property(commands, commands, commands, (before, between, after) => {
        const model = new Model()
        model.run([['thread', 0], ...before])
        const subscribedAt = model.events.length
        model.run(between)
        const snapshot = model.snapshot()
        model.run(after)
        const state = applyEvents(stateOf(snapshot, 10), model.events.slice(subscribedAt))
        assert.deepEqual(plain(state), plain(stateOf(model.snapshot(), 10)))
      }),
      { numRuns: 300 },
    )
  })

  it('survives being written down as a tree at any time, orphans included', () => {
    fc.assert(
      fc.property(commands, fc.nat(100), fc.nat(100), (all, cut, orphan) => {
        const model = new Model()
        model.run([['thread', 0], ...all])
        // An event lost, so that children come whose parents do not.
        const events = model.events.filter((_, index) => index !== orphan)
        const first = applyEvents(stateOf(new Model().snapshot(), 10), events.slice(0, cut))
        const written = { tree: treeOf(first), threads: [...first.threads.values()], topics: {} }
        const rest = events.slice(cut)
        const copy = applyEvents(stateOf(structuredClone(written), 10), rest)
        assert.deepEqual(plain(copy), plain(applyEvents(first, rest)))
      }),
    )
  })

  it('is the same event by event as all at once, and leaves the old state alone', () => {
    fc.assert(
      fc.property(commands, (all) => {
        const model = new Model()
        model.run([['thread', 0], ...all])
        const empty = stateOf(new Model().snapshot(), 10)
        const one = model.events.reduce(applyEvent, empty)
        assert.deepEqual(plain(one), plain(applyEvents(empty, model.events)))
        assert.equal(empty.processes.size, 0)
      }),
    )
  })

  it('keeps the newest entries of a topic, each id once', () => {
    const ids = fc.array(fc.nat(12), { maxLength: 60 })
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 8 }), (published, limit) => {
        const events = published.map(
          (id, at): WireEvent => ({ type: 'topic', topic: 't', at, id: `${id}`, data: at }),
        )
        const state = applyEvents(stateOf({ tree: [], threads: [], topics: {} }, limit), events)
        const newestFirst = [...new Set(published.toReversed())].slice(0, limit)
        const kept = (state.topics.get('t') ?? []).map((event) => Number(event.id))
        assert.deepEqual(kept, newestFirst.toReversed())
      }),
    )
  })

  it('ignores event types of a later version', () => {
    const state = stateOf({ tree: [], threads: [], topics: {} }, 10)
    const later = JSON.parse('{"type":"process-dreamt","at":1,"pid":"<1.1>"}')
    assert.deepEqual(plain(applyEvent(state, later)), plain(state))
  })

  it('works as text in another realm, as the page has it', () => {
    const source = reducerFunctions.map(String).join('\n')
    const context = createContext({ Map, Object })
    runInContext(source, context)
    const model = new Model()
    model.run([
      ['thread', 0],
      ['start', 4],
      ['start', 5],
      ['restart', 5],
      ['update', 1],
    ])
    Object.assign(context, { events: model.events, content: new Model().snapshot() })
    const tree: unknown = runInContext('treeOf(applyEvents(stateOf(content, 10), events))', context)
    assert.deepEqual(JSON.parse(JSON.stringify(tree)), treeOf(stateOf(model.snapshot(), 10)))
  })
})
