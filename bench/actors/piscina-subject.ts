import { pathToFileURL } from 'node:url'
import { Piscina } from 'piscina'
import { echoWorker } from './post-message-subject.ts'
import { type Load, SIZES, type Subject } from './subject.ts'

function pool(): (value: number) => Promise<unknown> {
  const threads = new Piscina({
    filename: pathToFileURL(echoWorker).href,
    maxThreads: 1,
    minThreads: 1,
    concurrentTasksPerWorker: SIZES.inFlight,
  })
  return (value) => threads.run({ value }, { name: 'add' })
}

function concurrent(): Load {
  const ask = pool()
  const values = Array.from({ length: SIZES.inFlight }, (_, value) => value)
  return { operations: SIZES.inFlight, run: () => Promise.all(values.map((value) => ask(value))) }
}

export const subject: Subject = {
  threadCall: () => {
    const ask = pool()
    return {
      operations: SIZES.calls,
      run: async () => {
        for (let value = 0; value < SIZES.calls; value++) await ask(value)
      },
    }
  },
  threadConcurrentCalls: concurrent,
}
