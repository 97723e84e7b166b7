/** What dies in the bench of deaths, as a server and as a bare worker. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { type Next, type Pid, type Reply, send, server } from '../../runtime/index.ts'

export type Death = 'throw' | 'exit' | 'exhaust' | 'spin'

/** The clock that all threads share, milliseconds. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now()
}

interface Args {
  readonly probe: Pid
  /** When it last lived. */
  readonly stamp: Float64Array
}

export const mortal = server(import.meta, {
  name: 'mortal',
  init: (args: Args) => {
    send(args.probe, 'born')
    return args
  },
  calls: {
    ping: (state: Args): Reply<Args, number> => ({ reply: 1, state }),
    /** Never answered. */
    hold: (state: Args): Next<Args> => ({ state }),
  },
  casts: {
    die: (state: Args, death: Death): Next<Args> => {
      die(death, state.stamp)
      return { state }
    },
  },
})

function die(death: Death, stamp: Float64Array): void {
  stamp[0] = epochMs()
  if (death === 'throw') throw new Error('dies')
  if (death === 'exit') process.exit(1)
  if (death === 'spin') for (;;);
  const kept: number[][] = []
  for (;;) {
    kept.push(Array.from({ length: 1000 }, (_, index) => index))
    stamp[0] = epochMs()
  }
}

if (!isMainThread && parentPort && workerData?.mortal) {
  const port = parentPort
  const { stamp } = workerData
  port.on('message', (message: Death | 'ping') => {
    if (message === 'ping') port.postMessage(1)
    else die(message, stamp)
  })
}
