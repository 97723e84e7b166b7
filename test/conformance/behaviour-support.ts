/** What the tests of servers, supervisors and tasks have in common. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  type ChildOptions,
  type ChildSpec,
  child,
  type ExitReason,
  isDownMessage,
  isExitMessage,
  isReport,
  monitor,
  type Pid,
  type Placement,
  type Report,
  receive,
  type ServerRef,
  type StartOptions,
  Supervisor,
  type SupervisorRef,
  type SupervisorTarget,
  self,
  send,
  spawn,
  startServer,
  trapExit,
} from '../../runtime/index.ts'
import { type PuppetArgs, puppet, trapper } from '../fixtures/conformance/puppet.ts'

/** Bounds every wait; nothing is expected to take that long. */
export const WAIT = { timeoutMs: 20_000 }
export const NORMAL: ExitReason = { type: 'normal' }
export const SHUTDOWN: ExitReason = { type: 'shutdown' }
export const DETAILED: ExitReason = { type: 'shutdown', detail: 'x' }
export const KILL: ExitReason = { type: 'kill' }
export const KILLED: ExitReason = { type: 'killed' }
export const BOOM: ExitReason = { type: 'boom' }

/** Runs a test's code as an actor that traps exits; what it has linked ends with it. */
export function asActor(body: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the test actor is late')), 60_000)
    spawn(async () => {
      trapExit(true)
      await body().then(resolve, reject)
      clearTimeout(timer)
    })
  })
}

/** Where the other actor of a case lives, seen from the test's. */
export const PLACES = [
  ['[same thread]', 'here'],
  ['[other thread]', { thread: 'others' }],
  ['[own thread]', 'thread'],
  ['[root thread]', 'root'],
] as const satisfies readonly (readonly [string, Placement])[]

/** The case once with the other actor in this thread, once in another (a fresh one: `own`). */
export function everywhere(
  title: string,
  body: (placement: Placement) => Promise<void>,
  places: readonly string[] = ['[same thread]', '[own thread]'],
): void {
  for (const [place, placement] of PLACES) {
    if (places.includes(place)) it(`${title} ${place}`, () => asActor(() => body(placement)))
  }
}

/** The same for cases with several children, which share one other thread. */
export function nearAndFar(title: string, body: (placement: Placement) => Promise<void>): void {
  everywhere(title, body, ['[same thread]', '[other thread]'])
}

export async function downWith(ref: unknown, timeoutMs = WAIT.timeoutMs): Promise<ExitReason> {
  const message = await receive((m) => isDownMessage(m) && m.ref === ref, { timeoutMs })
  assert.ok(isDownMessage(message), 'a DOWN came in time')
  return message.reason
}

/** Waits for a death; `noproc` if it was long ago. */
export function downOf(pid: Pid): Promise<ExitReason> {
  return downWith(monitor(pid))
}

export async function exitOf(pid: Pid): Promise<ExitReason> {
  const message = await receive((m) => isExitMessage(m) && m.pid === pid, WAIT)
  assert.ok(isExitMessage(message), `an EXIT of ${pid} came in time`)
  return message.reason
}

/** The process that a start with `probe: self()` has made, if it got so far, is dead. */
export async function newbornIsDead(): Promise<void> {
  const report = await receive(isPuppetReport, { timeoutMs: 0 })
  if (isPuppetReport(report)) assert.deepEqual(await downOf(report.pid), { type: 'noproc' })
}

/** Nothing that passes is in the mailbox now. */
export async function none(matches: (message: unknown) => boolean): Promise<void> {
  assert.equal(await receive(matches, { timeoutMs: 0 }), undefined)
}

export interface PuppetReport {
  readonly type: 'init' | 'born' | 'gone' | 'info'
  readonly id: string
  readonly pid: Pid
  readonly reason: ExitReason
  readonly message: unknown
  readonly named: Pid | undefined
  readonly seen: readonly unknown[]
}

export function isPuppetReport(message: unknown): message is PuppetReport {
  return typeof message === 'object' && message !== null && 'id' in message && 'type' in message
}

export async function nextReport(type: PuppetReport['type'], id?: string): Promise<PuppetReport> {
  const next = await receive(
    (m): m is PuppetReport =>
      isPuppetReport(m) && m.type === type && (id === undefined || m.id === id),
    WAIT,
  )
  assert.ok(next, `${type} ${id ?? ''} came in time`)
  return next
}

/** The next births and ends, as `born a`, `gone a shutdown`. */
export async function lives(count: number): Promise<string[]> {
  const seen: string[] = []
  while (seen.length < count) {
    const next = await receive(
      (m): m is PuppetReport => isPuppetReport(m) && (m.type === 'born' || m.type === 'gone'),
      WAIT,
    )
    assert.ok(next, `${seen.length + 1} of ${count} came; so far: ${seen.join(', ')}`)
    seen.push(next.type === 'born' ? `born ${next.id}` : `gone ${next.id} ${next.reason.type}`)
  }
  return seen
}

/** Starts a puppet that does not trap; linked unless told otherwise. */
export async function startPuppet(
  args: PuppetArgs = {},
  options: StartOptions = {},
): Promise<ServerRef<CallsOf<typeof puppet>, CastsOf<typeof puppet>>> {
  const ref = await startServer(puppet, args, options)
  assert.ok(ref, 'the puppet started')
  return ref
}

export async function startTrapper(
  args: PuppetArgs = {},
  options: StartOptions = {},
): Promise<ServerRef<CallsOf<typeof puppet>, CastsOf<typeof puppet>>> {
  const ref = await startServer(trapper, args, options)
  assert.ok(ref, 'the trapper started')
  return ref
}

type CallsOf<Definition> = Definition extends {
  readonly types?: { readonly calls: infer Calls }
}
  ? Calls
  : never
type CastsOf<Definition> = Definition extends {
  readonly types?: { readonly casts: infer Casts }
}
  ? Casts
  : never

/** A child that traps exits, reports to this actor and has a second to end. */
export function kid(id: string, options: ChildOptions<PuppetArgs> = {}): ChildSpec {
  const args = { probe: self(), id, ...options.args }
  return child(trapper, { id, name: false, placement: 'here', shutdown: 1000, ...options, args })
}

/** The same without trapping. */
export function frailKid(id: string, options: ChildOptions<PuppetArgs> = {}): ChildSpec {
  const args = { probe: self(), id, ...options.args }
  return child(puppet, { id, name: false, placement: 'here', shutdown: 1000, ...options, args })
}

/** How starts end from now on; all threads see it. */
export function gate(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(8))
}

export function setGate(view: Int32Array, how: number, times = 1_000_000): void {
  Atomics.store(view, 1, times)
  Atomics.store(view, 0, how)
}

export async function pidOf(supervisor: SupervisorRef, id: string): Promise<Pid> {
  const { pid } = await Supervisor.whichChild(supervisor, id)
  assert.ok(pid, `${id} is running`)
  return pid
}

/** Tells a child how to end, and waits until it has. */
export async function end(pid: Pid, reason: ExitReason): Promise<void> {
  const ref = monitor(pid)
  send(pid, { end: reason })
  await downWith(ref)
}

/** `id:status` of every child, newest first. */
export async function overview(supervisor: SupervisorRef): Promise<string[]> {
  const rows = await Supervisor.whichChildren(supervisor)
  return rows.map(({ id, status }) => `${id}:${status}`)
}

/** `specs,active,supervisors,workers`. */
export async function counts(supervisor: SupervisorTarget): Promise<string> {
  const { specs, active, supervisors, workers } = await Supervisor.countChildren(supervisor)
  return [specs, active, supervisors, workers].join()
}

/** Polls without sleeping until it holds; for what nobody is told of. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT.timeoutMs
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `${what} in time`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** The next report of this type that passes. */
export async function nextRuntimeReport<Type extends Report['type']>(
  type: Type,
  passes: (report: Extract<Report, { type: Type }>) => boolean = () => true,
): Promise<Extract<Report, { type: Type }>> {
  const isOne = (m: unknown): m is Extract<Report, { type: Type }> =>
    isReport(m) && m.type === type && passes(ofType(type, m))
  const report = await receive(isOne, WAIT)
  assert.ok(report, `a ${type} came in time`)
  return report
}

function ofType<Type extends Report['type']>(
  type: Type,
  report: Report,
): Extract<Report, { type: Type }> {
  const isOne = (one: Report): one is Extract<Report, { type: Type }> => one.type === type
  assert.ok(isOne(report))
  return report
}
