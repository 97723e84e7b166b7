/** The child of a program's supervisor: reports its births, its mail and its end. */

import {
  exit,
  IGNORE,
  type Next,
  type Pid,
  self,
  send,
  server,
  trapExit,
} from '../../runtime/index.ts'
import { type ChildArgs, isChildCommand } from './events.ts'
import { topOf } from './program.ts'
import { toExitReason } from './reason.ts'

interface State extends ChildArgs {
  readonly key: string
  /**
   * Whose events have an order: the supervisor's, or of a child that ends by itself while its
   * supervisor still starts others only its own.
   */
  readonly group: string
}

export const child = server(import.meta, {
  name: 'differential-child',
  init: (args: ChildArgs): State | typeof IGNORE => {
    const { world, path, counter, plan } = args
    trapExit(plan.trap)
    const number = Atomics.add(world.counters, counter, 1) + 1
    const start = plan.starts[Math.min(number, plan.starts.length) - 1] ?? 'ok'
    if (start === 'ignore') return IGNORE
    if (start === 'throw') throw new Error('cannot_start')
    if (typeof start === 'object' && 'fail' in start) exit(toExitReason(start.fail))
    if (typeof start === 'object') send(self(), { type: '$end', reason: start.flash })
    tell(args, { type: '$born', path, number, pid: self(), clock: tick(args) })
    const key = `${path}#${number}`
    return { ...args, key, group: typeof start === 'object' ? key : topOf(path) }
  },
  info: (state: State, message: unknown): Next<State> => {
    if (!isChildCommand(message)) {
      tell(state, { type: '$got', key: state.key, message })
      return { state }
    }
    switch (message.type) {
      case '$end':
        return { state, stop: toExitReason(message.reason) }
      case '$crash':
        throw new Error('crashed')
      case '$ping':
        tell(state, { type: '$done', number: message.number, result: { type: 'json', json: true } })
        return { state }
      default:
        return message satisfies never
    }
  },
  terminate: async (state: State, reason): Promise<void> => {
    if (state.plan.stubborn) {
      tell(state, { type: '$stuck', key: state.key })
      return new Promise(() => {})
    }
    return tell(state, {
      type: '$gone',
      key: state.key,
      group: state.group,
      reason,
      clock: tick(state),
    })
  },
})

function tick({ world }: ChildArgs): number {
  return Atomics.add(world.counters, 0, 1)
}

function tell({ world }: { readonly world: { readonly controller: Pid } }, event: unknown): void {
  send(world.controller, event)
}
