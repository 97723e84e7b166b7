import { type Column, measureCells, ownSubject, peerSubject } from './cells.ts'
import type { Bench } from './measurement.ts'

const columns: readonly Column[] = [
  { load: 'threadCall', metric: 'round trip', unit: 'µs', reading: 'middleUs' },
  { load: 'threadConcurrentCalls', metric: '256 calls', unit: 'calls/s', reading: 'perSecond' },
  { load: 'threadTell', metric: 'tell', unit: 'messages/s', reading: 'perSecond' },
  { load: 'threadChannel', metric: 'channel, send', unit: 'records/s', reading: 'perSecond' },
  { load: 'threadChannelFill', metric: 'channel, fill', unit: 'records/s', reading: 'perSecond' },
  { load: 'threadFlood', metric: 'timer late beside a flood', unit: 'ms', reading: 'lateMs' },
  { load: 'threadFlood', metric: 'flood meanwhile', unit: 'messages/s', reading: 'perSecond' },
  { load: 'threadCall', metric: 'round trip, CPU', unit: 'µs', reading: 'cpuUs' },
  { load: 'threadConcurrentCalls', metric: '256 calls, CPU', unit: 'µs', reading: 'cpuUs' },
  { load: 'threadTell', metric: 'tell, CPU', unit: 'µs', reading: 'cpuUs' },
]
const peerLoads = ['threadCall', 'threadConcurrentCalls', 'threadTell']

export const actorThreads: Bench = {
  name: 'actor-threads',
  question: 'How fast are messages and calls between two threads?',
  baseline: 'postMessage',
  run: (settings) =>
    measureCells(
      columns,
      [
        ownSubject('postMessage', 'post-message-subject'),
        ownSubject('nodelens', 'nodelens-subject'),
        ownSubject('piscina', 'piscina-subject', ['threadCall', 'threadConcurrentCalls']),
        ...peerSubject('comedy', peerLoads, settings),
      ],
      settings,
    ),
}
