import { type Column, erlang, measureCells, ownSubject, peerSubject } from './cells.ts'
import type { Bench } from './measurement.ts'

const perSecond = (load: string, metric: string, unit = 'messages/s'): Column => ({
  load,
  metric,
  unit,
  reading: 'perSecond',
})

const columns: readonly Column[] = [
  perSecond('tell', 'tell'),
  perSecond('fanOut', 'fan-out to 1000'),
  perSecond('call', 'call', 'calls/s'),
  perSecond('concurrentCalls', '1000 calls at once', 'calls/s'),
  perSecond('ring', 'ring of 1000', 'hops/s'),
  perSecond('backlog200k', 'backlog of 200k'),
  perSecond('backlog1M', 'backlog of 1M'),
]
const loads = columns.map(({ load }) => load)

export const actorMessages: Bench = {
  name: 'actor-messages',
  question: 'How fast are messages and calls within one thread?',
  baseline: 'run queue',
  run: (settings) =>
    measureCells(
      columns,
      [
        ownSubject('run queue', 'run-queue-subject'),
        ownSubject('nodelens', 'nodelens-subject'),
        ...peerSubject('xstate', loads, settings),
        ...peerSubject('nact', ['tell', 'fanOut', 'call', 'concurrentCalls', 'ring'], settings),
        ...peerSubject('effect', ['tell', 'fanOut', 'call'], settings),
        ...peerSubject('comedy', ['tell', 'fanOut', 'call', 'concurrentCalls'], settings),
        ...erlang(loads, settings),
      ],
      settings,
    ),
}
