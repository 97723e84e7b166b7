import { type Column, erlang, measureCells, ownSubject, peerSubject } from './cells.ts'
import type { Bench } from './measurement.ts'

const columns: readonly Column[] = [
  { load: 'spawnAndStop', metric: 'spawn and stop', unit: 'lives/s', reading: 'perSecond' },
  { load: 'spawnAndStopServer', metric: 'start and stop', unit: 'servers/s', reading: 'perSecond' },
  { load: 'restart', metric: 'throw to fresh answer', unit: 'µs', reading: 'middleUs' },
  { load: 'idle', metric: 'heap per idle actor', unit: 'bytes', reading: 'bytesEach' },
  { load: 'flood', metric: 'timer late beside a flood', unit: 'ms', reading: 'lateMs' },
  { load: 'flood', metric: 'flood meanwhile', unit: 'messages/s', reading: 'perSecond' },
]
const erlangLoads = ['spawnAndStop', 'spawnAndStopServer', 'restart', 'idle']

export const actorLives: Bench = {
  name: 'actor-lives',
  question: 'What do birth, death, restart and idleness cost within one thread?',
  baseline: 'run queue',
  run: (settings) =>
    measureCells(
      columns,
      [
        ownSubject('run queue', 'run-queue-subject', ['spawnAndStop', 'restart', 'idle', 'flood']),
        ownSubject('nodelens', 'nodelens-subject'),
        ...peerSubject('xstate', ['spawnAndStop', 'idle'], settings),
        ...peerSubject('nact', ['spawnAndStop', 'restart', 'idle', 'flood'], settings),
        ...peerSubject('effect', ['spawnAndStop', 'idle'], settings),
        ...erlang(erlangLoads, settings),
      ],
      settings,
    ),
}
